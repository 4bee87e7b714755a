import { describe, expect, it } from 'vitest';
import { hashOf, parseRoute } from './route';

const id = 'c9e15763f722f23e98a29decdfae341b98d53056';

describe('parseRoute', () => {
  it.each(['#/', `#/torrent/${id}/peers`, '#/statistics', '#/settings/access'])('reads what hashOf writes: %s', (hash) => {
    expect(hashOf(parseRoute(hash))).toBe(hash);
  });

  it('takes what it does not know for the list', () => {
    for (const hash of ['', '#', '#/nothing', '#/torrent/<script>/x'])
      expect(parseRoute(hash)).toMatchObject({ page: 'torrents', torrent: null });
    expect(parseRoute(`#/torrent/${id.toUpperCase()}/nothing`)).toEqual({ page: 'torrents', torrent: id, tab: 'overview' });
    expect(parseRoute('#/settings/nothing')).toEqual({ page: 'settings', section: 'speed' });
  });

  it('takes the one-time token and a link that the browser hands over', () => {
    expect(parseRoute('#/login?token=a-b_c')).toEqual({ page: 'login', token: 'a-b_c' });
    expect(parseRoute(`#/add/${encodeURIComponent('magnet:?xt=urn:btih:x&dn=a/b')}`)).toEqual({
      page: 'add',
      source: 'magnet:?xt=urn:btih:x&dn=a/b',
    });
    expect(parseRoute('#/add/%')).toEqual({ page: 'add', source: '%' });
  });
});
