import {
  announceTorrents,
  changeTorrents,
  getTorrent,
  moveTorrents,
  pauseTorrents,
  type QueueMove,
  queueTorrents,
  recheckTorrents,
  removeTorrents,
  resumeTorrents,
  type TorrentChange,
} from '@/api';
import { apiUrl } from '@/lib/base';
import { answer } from '@/lib/problem';
import type { Target } from '../target';

export const pause = (target: Target) => answer(pauseTorrents({ body: target }));
export const resume = (target: Target, force: boolean) => answer(resumeTorrents({ body: { ...target, force } }));
export const recheck = (target: Target) => answer(recheckTorrents({ body: target }));
export const announce = (target: Target) => answer(announceTorrents({ body: target }));
export const remove = (target: Target, deleteData: boolean) => answer(removeTorrents({ body: { ...target, deleteData } }));
export const move = (target: Target, savePath: string) => answer(moveTorrents({ body: { ...target, savePath } }));
export const queue = (target: Target, to: QueueMove) => answer(queueTorrents({ body: { ...target, to } }));
export const change = (target: Target, change: TorrentChange) => answer(changeTorrents({ body: { ...target, change } }));
export const magnetOf = async (id: string) => (await answer(getTorrent({ path: { id } }))).magnet;
export const metainfoUrl = (id: string) => apiUrl(`torrents/${id}/metainfo`);
