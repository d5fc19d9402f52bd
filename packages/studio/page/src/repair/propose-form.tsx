/** The proposal: with a reason, signed, and whether its preview was seen. */
import type { WishInput } from '@editable/studio/api';
import { Alert, Button, Group, Paper, Stack, Text, Textarea, Title } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { Link } from 'react-router';
import { call } from '../api/call.js';
import { useSignature } from '../parts/signature.js';
import { Failed } from '../parts/states.js';
import { NameField } from '../shell/person-menu.js';
import { plural } from '../words.js';

interface ProposeFormProps {
  /** None: not ready. */
  readonly wishes: readonly WishInput[];
  /** A preview of just these was looked at. */
  readonly seen: boolean;
}

export function ProposeForm({ wishes, seen }: ProposeFormProps) {
  const [why, setWhy] = useState('');
  const { by, name, asked, may } = useSignature();
  const propose = useMutation({
    mutationFn: () => call('propose', { body: { wishes, why: why.trim(), ...by } }),
    onSuccess: () => setWhy(''),
  });
  const submit = (event: React.FormEvent): void => {
    event.preventDefault();
    propose.mutate();
  };
  return (
    <Paper withBorder p="md" component="form" onSubmit={submit}>
      <Stack gap="sm">
        <Title order={2}>Propose</Title>
        {propose.error === null ? null : <Failed error={propose.error} />}
        {propose.data === undefined ? null : (
          <Alert color="teal" variant="light" title={`${plural(propose.data.length, 'repair')} proposed`} role="status">
            A second person approves on the page <Link to="/review">Review</Link>.
          </Alert>
        )}
        {asked ? <NameField /> : null}
        <Textarea
          label="Reason"
          description="Who reviews it reads this: what went wrong, a ticket."
          value={why}
          maxLength={1000}
          autosize
          minRows={2}
          required
          onChange={({ currentTarget }) => setWhy(currentTarget.value.replace(/\s*\n\s*/g, ' '))}
        />
        <Group>
          <Button
            type="submit"
            variant={seen ? 'filled' : 'default'}
            loading={propose.isPending}
            disabled={wishes.length === 0 || why.trim() === '' || name === null || !may('propose')}
          >
            {wishes.length === 0 ? 'Propose' : `Propose ${plural(wishes.length, 'repair')}`}
          </Button>
          {seen ? null : (
            <Text size="sm" className="dim">
              Look at a preview first.
            </Text>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}
