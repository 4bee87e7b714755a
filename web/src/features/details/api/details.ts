import {
  addPeers as addPeersCall,
  changeFiles,
  getTorrent,
  listFiles,
  listWebSeeds,
  type PriorityChange,
  renameFile,
  setTrackers as setTrackersCall,
} from '@/api';
import type { DetailTab } from '@/app/route';
import { apiUrl } from '@/lib/base';
import { answer } from '@/lib/problem';

const partOf: Partial<Record<DetailTab, string>> = { overview: 'pieces', peers: 'peers', trackers: 'trackers', log: 'log' };

/** The stream of a torrent's details, and of what the tab shows. */
export function detailEventsUrl(id: string, tab: DetailTab): string {
  const search = new URLSearchParams({ limit: '0', torrent: id });
  search.append('parts', 'details');
  const part = partOf[tab];
  if (part) search.append('parts', part);
  return apiUrl(`events?${search}`);
}

export const detailsOf = (id: string) => answer(getTorrent({ path: { id } }));
export const filesIn = (id: string, folder: string, limit: number) => answer(listFiles({ path: { id }, query: { folder, limit } }));
export const setPriorities = (id: string, priorities: PriorityChange[]) => answer(changeFiles({ path: { id }, body: { priorities } }));
export const addPeers = (id: string, addresses: string[]) => answer(addPeersCall({ path: { id }, body: { addresses } }));
export const setTrackers = (id: string, tiers: string[][]) => answer(setTrackersCall({ path: { id }, body: { tiers } }));
export const webSeedsOf = async (id: string) => (await answer(listWebSeeds({ path: { id } }))).webSeeds;
export const rename = (id: string, path: string, name: string) => answer(renameFile({ path: { id }, body: { path, name } }));
