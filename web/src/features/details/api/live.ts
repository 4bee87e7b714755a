import { connection } from '@/features/session/connection';
import { Live } from '@/lib/live';
import { emptyDetail, reduceDetail } from './detailState';

/** The torrent whose details are shown. Of its connection only the end of the login matters: the list's stream tells the rest. */
export const torrentDetail = new Live({
  initial: emptyDetail,
  reduce: reduceDetail,
  onConnection: (state) => state === 'unauthorized' && connection.set(state),
});
