import { createCreation, dropCreation, listCreations, type NewCreation } from '@/api';
import { apiUrl } from '@/lib/base';
import { answer } from '@/lib/problem';

export const startCreation = (creation: NewCreation) => answer(createCreation({ body: creation }));
export const getCreations = async () => (await answer(listCreations())).creations;
export const endCreation = (id: string) => answer(dropCreation({ path: { id } }));
/** Where the .torrent file that was made can be downloaded. */
export const createdTorrentUrl = (id: string) => apiUrl(`creations/${encodeURIComponent(id)}/torrent`);
