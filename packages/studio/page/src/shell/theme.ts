/** One look for light and dark: the library's, with a darker blue for contrast and the typeface of the reader's system. */
import { Badge, createTheme, type MantineThemeOverride } from '@mantine/core';

export const theme: MantineThemeOverride = createTheme({
  primaryShade: { light: 8, dark: 8 },
  autoContrast: true,
  respectReducedMotion: true,
  defaultRadius: 'md',
  components: { Badge: Badge.extend({ styles: { root: { textTransform: 'none' } } }) },
  cursorType: 'pointer',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", "DejaVu Sans", Verdana, sans-serif',
  headings: { fontWeight: '650', sizes: { h1: { fontSize: '1.45rem' }, h2: { fontSize: '1.1rem' } } },
});
