/** A candidate beside what is served: unseen, or for a share of the requests. */
import { Button, Group, Modal, NumberInput, Radio, Stack, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { call } from '../api/call.js';
import { useSignature } from '../parts/signature.js';
import { Failed } from '../parts/states.js';
import { NameField } from '../shell/person-menu.js';
import { short } from '../words.js';

interface RolloutDialogProps {
  readonly opened: boolean;
  readonly release: string;
  readonly close: () => void;
}

export function RolloutDialog({ opened, release, close }: RolloutDialogProps) {
  const client = useQueryClient();
  const [mode, setMode] = useState<'shadow' | 'canary'>('shadow');
  const [share, setShare] = useState(10);
  const [alarm, setAlarm] = useState(5);
  const [error, setError] = useState<Error | null>(null);
  const { by, name, asked } = useSignature();
  const start = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault();
    setError(null);
    try {
      const part = mode === 'canary' ? { share: share / 100 } : {};
      await call('startRollout', { body: { mode, release, ...part, alarm: { differences: alarm / 100 }, ...by } });
      await client.invalidateQueries();
      close();
    } catch (refused) {
      setError(refused as Error);
    }
  };
  return (
    <Modal opened={opened} onClose={close} title={`Try ${short(release)}`} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={start}>
        <Stack>
          {error === null ? null : <Failed error={error} />}
          {asked ? <NameField /> : null}
          <Radio.Group label="How" value={mode} onChange={(value) => setMode(value as typeof mode)}>
            <Stack gap="xs" mt={6}>
              <Radio value="shadow" label="Shadow: it answers live requests unseen; differences are kept" />
              <Radio value="canary" label="Canary: a share of the requests is answered by it" />
            </Stack>
          </Radio.Group>
          {mode === 'canary' ? (
            <NumberInput
              label="Share of the requests (%)"
              value={share}
              min={1}
              max={100}
              onChange={(value) => setShare(Number(value))}
            />
          ) : null}
          <NumberInput
            label="Take it back above this share of differences (%)"
            value={alarm}
            min={0}
            max={100}
            onChange={(value) => setAlarm(Number(value))}
          />
          <Text size="sm" className="dim">
            The page Releases shows what it answered otherwise.
          </Text>
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button type="submit" disabled={name === null}>
              Start
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
