import { useMemo } from 'react';
import type { ActionResult, QueueMove, TorrentChange } from '@/api';
import { announce, notify } from '@/components/ui/notices';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import * as api from '../api/actions';
import type { Target } from '../target';

/** The actions on torrents; each says what became of it. */
export function useTorrentActions() {
  const { t } = useI18n();
  return useMemo(() => {
    const run = async (call: Promise<ActionResult>, done: (count: number) => string): Promise<boolean> => {
      try {
        const { done: count, failed } = await call;
        if (failed.length > 0) {
          const detail = [...new Set(failed.map(({ message }) => message))].slice(0, 3).join('\n');
          notify({ kind: 'problem', title: t('action.failed', { count: failed.length }), detail });
        }
        if (count > 0) announce(done(count));
        return failed.length === 0;
      } catch (error) {
        notify({ kind: 'problem', title: t('action.notDone'), detail: explain(error, t) });
        return false;
      }
    };
    return {
      pause: (target: Target) => run(api.pause(target), (count) => t('action.paused', { count })),
      resume: (target: Target, force = false) => run(api.resume(target, force), (count) => t('action.resumed', { count })),
      recheck: (target: Target) => run(api.recheck(target), (count) => t('action.rechecked', { count })),
      announce: (target: Target) => run(api.announce(target), (count) => t('action.announced', { count })),
      queue: (target: Target, to: QueueMove) => run(api.queue(target, to), (count) => t('action.queued', { count })),
      change: (target: Target, change: TorrentChange) => run(api.change(target, change), (count) => t('action.changed', { count })),
      move: async (target: Target, savePath: string) => {
        const ok = await run(api.move(target, savePath), (count) => t('action.moved', { count }));
        if (ok) notify({ kind: 'done', title: t('action.moving'), detail: savePath });
        return ok;
      },
      remove: async (target: Target, deleteData: boolean, name: string) => {
        const ok = await run(api.remove(target, deleteData), (count) => t('action.removed', { count }));
        if (ok) notify({ kind: 'done', title: deleteData ? t('action.removedWithData') : t('action.removedOnly'), detail: name });
        return ok;
      },
    };
  }, [t]);
}

export type TorrentActions = ReturnType<typeof useTorrentActions>;
