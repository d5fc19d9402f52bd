/** A page's title, one sentence, and what can be done on it. */
import { Group, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

interface PageHeadProps {
  readonly title: string;
  readonly children: ReactNode;
  readonly actions?: ReactNode;
}

export const PageHead = ({ title, children, actions }: PageHeadProps) => (
  <Group justify="space-between" align="flex-end" mb="md" wrap="nowrap">
    <Stack gap={2}>
      <Title order={1}>{title}</Title>
      <Text className="dim" maw={880}>
        {children}
      </Text>
    </Stack>
    <Group gap="xs" wrap="nowrap">
      {actions}
    </Group>
  </Group>
);
