/** Light or dark; at first as the reader's system has it. */
import { ActionIcon, useComputedColorScheme, useMantineColorScheme } from '@mantine/core';

export function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme();
  const scheme = useComputedColorScheme('light');
  const other = scheme === 'dark' ? 'light' : 'dark';
  return (
    <ActionIcon variant="default" size="lg" aria-label={`Use ${other} colours`} onClick={() => setColorScheme(other)}>
      <svg width="18" height="18" viewBox="0 0 18 18" aria-hidden="true">
        <circle cx="9" cy="9" r="7" fill="none" stroke="currentColor" strokeWidth="1.6" />
        <path d="M9 2 A7 7 0 0 1 9 16 Z" fill="currentColor" />
      </svg>
    </ActionIcon>
  );
}
