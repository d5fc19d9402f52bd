/** Ends the session of a token. */
import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { call } from '../api/call.js';

export function SignOut() {
  const client = useQueryClient();
  const leave = async (): Promise<void> => {
    await call('signOut', {});
    await client.resetQueries();
  };
  return (
    <Button size="compact-sm" variant="default" onClick={leave}>
      Sign out
    </Button>
  );
}
