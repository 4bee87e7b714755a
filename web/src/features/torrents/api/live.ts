import { connection } from '@/features/session/connection';
import { Live } from '@/lib/live';
import { emptyList, reduceList } from './listState';

/** The torrents in view, the counts and the session's rates. */
export const torrentList = new Live({ initial: emptyList, reduce: reduceList, onConnection: connection.set });
