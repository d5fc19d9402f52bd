/** The keys, on "?". */
import { ActionIcon, Kbd, Modal, Table, TableTbody, TableTd, TableTr, Text } from '@mantine/core';
import { useDisclosure, useHotkeys } from '@mantine/hooks';
import { pages } from './pages.js';

const keys: readonly (readonly [string, string])[] = [
  ...pages.map(({ title }, i) => [String(i + 1), title] as const),
  ['← ↑ → ↓', 'From picture to picture'],
  ['Space', 'Choose a picture, or not'],
  ['R', 'Mistakes: repair what is chosen'],
  ['Esc', 'Mistakes: choose none'],
  ['P', 'Repair: preview'],
  ['/', 'Mistakes: to the filter'],
  ['?', 'These keys'],
];

export function ShortcutsHelp() {
  const [opened, { open, close }] = useDisclosure(false);
  useHotkeys([['shift+?', open]]);
  return (
    <>
      <ActionIcon variant="default" size="lg" aria-label="Keys" title="Keys (?)" onClick={open}>
        <Text fw={600} span>
          ?
        </Text>
      </ActionIcon>
      <Modal opened={opened} onClose={close} title="Keys" closeButtonProps={{ 'aria-label': 'Close' }}>
        <Table>
          <TableTbody>
            {keys.map(([key, does]) => (
              <TableTr key={key}>
                <TableTd w={120}>
                  <Kbd>{key}</Kbd>
                </TableTd>
                <TableTd>{does}</TableTd>
              </TableTr>
            ))}
          </TableTbody>
        </Table>
      </Modal>
    </>
  );
}
