import { describe, expect, it } from 'vitest';
import { sourceLabel, sourcesIn } from './sources';

const hash = 'c9e15763f722f23e98a29decdfae341b98d53056';

describe('sourcesIn', () => {
  it('finds links among other text, each once', () => {
    const magnet = `magnet:?xt=urn:btih:${hash}&dn=a%20b`;
    const text = `see <${magnet}> and "https://example.org/a.torrent"\n${hash}\n${magnet} nothing else: http ftp://x`;
    expect(sourcesIn(text)).toEqual([magnet, 'https://example.org/a.torrent', hash]);
  });

  it('takes info-hashes in base 32, and no other words', () => {
    expect(sourcesIn('ZHQVOY7XELZD5GFCTXWN7LRUDOMNKMCW')).toHaveLength(1);
    expect(sourcesIn(`${hash}0 javascript:alert(1) word`)).toEqual([]);
  });
});

describe('sourceLabel', () => {
  it('is the name that a magnet link gives', () => {
    expect(sourceLabel(`magnet:?xt=urn:btih:${hash}&dn=%3Cb%3Efilm`)).toBe('<b>film');
    expect(sourceLabel(hash)).toBe(hash);
  });
});
