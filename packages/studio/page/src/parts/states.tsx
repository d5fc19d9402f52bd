/** What a page shows where it has nothing to show yet: a sentence and a next step. */
import { Alert, Button, Center, Group, Loader, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';

export const Loading = ({ what }: { readonly what: string }) => (
  <Center mih={200} role="status">
    <Group gap="sm">
      <Loader size="sm" />
      <Text>{what}</Text>
    </Group>
  </Center>
);

interface FailedProps {
  readonly error: Error;
  readonly again?: (() => unknown) | undefined;
}

export const Failed = ({ error, again }: FailedProps) => (
  <Alert color="red" variant="light" title="That did not work" mb="md" role="alert">
    <Stack gap="xs" align="flex-start">
      <Text className="words">{error.message}</Text>
      {again === undefined ? null : (
        <Button size="xs" variant="default" onClick={() => void again()}>
          Try again
        </Button>
      )}
    </Stack>
  </Alert>
);

interface EmptyProps {
  readonly title: string;
  readonly children: ReactNode;
  /** What to do next. */
  readonly next?: ReactNode;
}

export const Empty = ({ title, children, next }: EmptyProps) => (
  <Center mih={220}>
    <Stack gap="sm" align="center" maw={520} ta="center">
      <Title order={2}>{title}</Title>
      <Text className="dim">{children}</Text>
      {next}
    </Stack>
  </Center>
);
