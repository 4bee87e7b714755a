import { useSyncExternalStore } from 'react';

export const detailTabs = ['overview', 'files', 'peers', 'trackers', 'speed', 'log'] as const;
export type DetailTab = (typeof detailTabs)[number];

export const settingsSections = [
  'speed',
  'downloads',
  'queue',
  'sharing',
  'connection',
  'watch',
  'labels',
  'access',
  'appearance',
] as const;
export type SettingsSection = (typeof settingsSections)[number];

/** Where one is. It stands in the address behind `#`, so that the same files serve every place below any base path. */
export type Route =
  | { page: 'torrents'; torrent: string | null; tab: DetailTab }
  | { page: 'statistics' }
  | { page: 'settings'; section: SettingsSection }
  | { page: 'login'; token: string | null }
  | { page: 'add'; source: string };

const oneOf = <T extends string>(values: readonly T[], text: string | undefined): T | undefined => values.find((value) => value === text);

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#\/?/, '').split('?');
  const [page, first, second] = path.split('/');
  if (page === 'statistics') return { page };
  if (page === 'settings') return { page, section: oneOf(settingsSections, first) ?? 'speed' };
  if (page === 'login') return { page, token: new URLSearchParams(query).get('token') };
  if (page === 'add') return { page, source: decode(hash.replace(/^#\/?add\/?/, '')) };
  const torrent = page === 'torrent' && first && /^[0-9a-f]{40}$/i.test(first) ? first.toLowerCase() : null;
  return { page: 'torrents', torrent, tab: oneOf(detailTabs, second) ?? 'overview' };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

export function hashOf(route: Route): string {
  switch (route.page) {
    case 'torrents':
      return route.torrent ? `#/torrent/${route.torrent}/${route.tab}` : '#/';
    case 'settings':
      return `#/settings/${route.section}`;
    case 'login':
      return '#/login';
    case 'add':
      return `#/add/${encodeURIComponent(route.source)}`;
    default:
      return `#/${route.page}`;
  }
}

let current = { hash: '', route: parseRoute('') };
function read(): Route {
  if (location.hash !== current.hash) current = { hash: location.hash, route: parseRoute(location.hash) };
  return current.route;
}

function subscribe(listener: () => void): () => void {
  addEventListener('hashchange', listener);
  return () => removeEventListener('hashchange', listener);
}

export const useRoute = (): Route => useSyncExternalStore(subscribe, read);

/** Goes to a place. `replace` leaves no step for the back button. */
export function go(route: Route, replace = false): void {
  const hash = hashOf(route);
  if (hash === location.hash) return;
  if (!replace) location.hash = hash;
  else {
    history.replaceState(null, '', hash);
    dispatchEvent(new HashChangeEvent('hashchange'));
  }
}
