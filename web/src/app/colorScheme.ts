import { useMediaQuery } from '@mantine/hooks';
import { StoredValue, useStored } from '@/lib/stored';

export const colorSchemes = ['auto', 'light', 'dark'] as const;
export type ColorScheme = (typeof colorSchemes)[number];

export const storedScheme = new StoredValue<ColorScheme>('colorScheme', 'auto', (value): value is ColorScheme =>
  (colorSchemes as readonly unknown[]).includes(value),
);

/** The scheme that holds: the chosen one, or that of the system. */
export function useColorScheme(): 'light' | 'dark' {
  const [scheme] = useStored(storedScheme);
  const isDark = useMediaQuery('(prefers-color-scheme: dark)', false, { getInitialValueInEffect: false });
  return scheme === 'auto' ? (isDark ? 'dark' : 'light') : scheme;
}
