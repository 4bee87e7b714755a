import { listFolders } from '@/api';
import { answer } from '@/lib/problem';

/** What lies in a folder of the daemon's machine; the empty path gives its roots. */
export const listFolder = (path: string) => answer(listFolders({ query: { ...(path && { path }), files: true } }));
