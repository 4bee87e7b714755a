import { useCallback, useEffect, useRef, useState } from 'react';
import type { Preview } from '@/api';
import { useListState } from '@/features/torrents/hooks/useTorrentList';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import { dropPreview, getPreview, previewMetainfo, previewSource } from '../api/add';
import { sourceLabel } from '../sources';

/** A torrent that is looked at before it is added. */
export interface Item {
  key: number;
  label: string;
  preview: Preview | null;
  /** Why it can't be looked at. */
  problem: string | null;
}

let nextKey = 1;

/** Looks at torrents before they are added; magnet links get their files as soon as a peer has sent them. */
export function usePreviews() {
  const { t } = useI18n();
  const [items, setItems] = useState<readonly Item[]>([]);
  const latest = useRef(items);
  latest.current = items;
  const isClosed = useRef(false);

  const change = useCallback(
    (key: number, by: Partial<Item>) => setItems((all) => all.map((item) => (item.key === key ? { ...item, ...by } : item))),
    [],
  );
  const start = useCallback(
    async (label: string, create: () => Promise<Preview>) => {
      const key = nextKey++;
      setItems((all) => [...all, { key, label, preview: null, problem: null }]);
      try {
        const preview = await create();
        if (isClosed.current) void dropPreview(preview.id).catch(() => {});
        else change(key, { preview, problem: preview.state === 'failed' ? (preview.error ?? t('add.failed')) : null });
      } catch (error) {
        change(key, { problem: explain(error, t) });
      }
    },
    [change, t],
  );
  const addFile = useCallback((file: File) => start(file.name, async () => previewMetainfo(await toBase64(file))), [start]);
  const addSource = useCallback((source: string) => start(sourceLabel(source), () => previewSource(source)), [start]);
  const remove = useCallback((key: number) => {
    const item = latest.current.find((one) => one.key === key);
    if (item?.preview) void dropPreview(item.preview.id).catch(() => {});
    setItems((all) => all.filter((one) => one.key !== key));
  }, []);
  /** Forgets all: those that were added are the daemon's now. */
  const release = useCallback(() => setItems([]), []);

  // The daemon says when a preview changed; a slow timer is there for the case that the stream is not.
  const { changed } = useListState();
  const isSearching = items.some(({ preview }) => preview?.state === 'searching');
  const refresh = useCallback(async () => {
    for (const { key, preview } of latest.current) {
      if (preview?.state !== 'searching') continue;
      try {
        const now = await getPreview(preview.id);
        change(key, { preview: now, problem: now.state === 'failed' ? (now.error ?? t('add.failed')) : null });
      } catch (error) {
        change(key, { problem: explain(error, t) });
      }
    }
  }, [change, t]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of this count is what it waits for.
  useEffect(() => void refresh(), [changed.previews, refresh]);
  useEffect(() => {
    if (!isSearching) return;
    const timer = setInterval(refresh, 5000);
    return () => clearInterval(timer);
  }, [isSearching, refresh]);

  useEffect(() => {
    isClosed.current = false;
    return () => {
      isClosed.current = true;
      for (const { preview } of latest.current) if (preview) void dropPreview(preview.id).catch(() => {});
    };
  }, []);
  return { items, addFile, addSource, remove, release };
}

/** A file's bytes in base 64. */
function toBase64(file: File): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).replace(/^data:[^,]*,/, ''));
    reader.onerror = () => reject(reader.error ?? new Error(file.name));
    reader.readAsDataURL(file);
  });
}
