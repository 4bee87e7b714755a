import { useSyncExternalStore } from 'react';

const names = ['text', 'dim', 'line', 'line-soft', 'track', 'accent', 'down', 'up', 'good', 'warn', 'bad'] as const;
const attribute = 'data-mantine-color-scheme';

export type Colors = Record<(typeof names)[number], string>;

let known: { scheme: string | null; colors: Colors } | null = null;

/** As the style sheet has them for the scheme that stands on the document now. */
function read(): Colors {
  const scheme = document.documentElement.getAttribute(attribute);
  if (known?.scheme !== scheme) {
    const style = getComputedStyle(document.documentElement);
    known = { scheme, colors: Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colors };
  }
  return known.colors;
}

function subscribe(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: [attribute] });
  return () => observer.disconnect();
}

/** The theme's colours for what is drawn on a canvas; new ones when the scheme has changed. */
export const useColors = (): Colors => useSyncExternalStore(subscribe, read);
