import { createHash } from 'node:crypto';
import type { Page } from '@playwright/test';

/** A torrent of one file of one piece. */
export interface Small {
  name: string;
  content: Buffer;
  tracker?: string;
}

export interface Options {
  paused?: boolean;
  skipCheck?: boolean;
  category?: string;
  tags?: string[];
}

const text = (value: string): Buffer => Buffer.concat([Buffer.from(`${Buffer.byteLength(value)}:`), Buffer.from(value)]);

/** Its .torrent file in base 64 (BEP 3). */
export function metainfoOf({ name, content, tracker }: Small): string {
  const pieces = createHash('sha1').update(content).digest();
  return Buffer.concat([
    Buffer.from('d'),
    ...(tracker === undefined ? [] : [text('announce'), text(tracker)]),
    Buffer.from(`4:infod6:lengthi${content.length}e4:name`),
    text(name),
    Buffer.from('12:piece lengthi16384e6:pieces20:'),
    pieces,
    Buffer.from('ee'),
  ]).toString('base64');
}

/** Adds them by the API, as the page's user. */
export async function addAll(page: Page, torrents: Small[], options: Options): Promise<void> {
  await page.evaluate(
    async (body) => {
      const answer = await fetch('api/v1/torrents', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
      if (!answer.ok) throw new Error(await answer.text());
    },
    { metainfo: torrents.map(metainfoOf), options },
  );
}
