import { useMantineContext } from '@mantine/core';
import { useMemo } from 'react';

const names = ['text', 'dim', 'line', 'line-soft', 'track', 'accent', 'down', 'up', 'good', 'warn', 'bad'] as const;

export type Colors = Record<(typeof names)[number], string>;

/** The theme's colours for what is drawn on a canvas; new ones when the scheme changes. */
export function useColors(): Colors {
  const { colorScheme } = useMantineContext();
  // biome-ignore lint/correctness/useExhaustiveDependencies: the style sheet's answer depends on the scheme.
  return useMemo(() => {
    const style = getComputedStyle(document.documentElement);
    return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colors;
  }, [colorScheme]);
}
