import { useMediaQuery } from '@mantine/hooks';

/** The screen is too narrow for a table. The style sheets ask for the same width. */
export const useIsPhone = (): boolean => useMediaQuery('(max-width: 48em)', undefined, { getInitialValueInEffect: false });
