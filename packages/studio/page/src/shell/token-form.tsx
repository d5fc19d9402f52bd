/** Asks for a token where the server wants one. */
import { Button, Center, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/call.js';

export function TokenForm() {
  const client = useQueryClient();
  const [token, setToken] = useState('');
  const [error, setError] = useState<Error | null>(null);
  const enter = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault();
    try {
      await call('signIn', { body: { token: token.trim() } });
      await client.resetQueries();
    } catch (refused) {
      setError(refused as Error);
    }
  };
  return (
    <Center mih="100vh" component="main">
      <Paper component="form" withBorder p="xl" w={420} onSubmit={enter}>
        <Stack>
          <Title order={1}>Studio</Title>
          <Text>This server asks for a token. Whoever runs it can give you one.</Text>
          <PasswordInput
            label="Token"
            value={token}
            autoComplete="current-password"
            onChange={({ currentTarget }) => setToken(currentTarget.value)}
            error={error?.message}
          />
          <Button type="submit" disabled={token.trim() === ''}>
            Enter
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
