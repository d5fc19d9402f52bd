/** A decision with a reason, signed: nothing happens before the button. */
import { Button, Group, Modal, Stack, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { NameField } from '../shell/person-menu.js';
import { useSignature } from './signature.js';
import { Failed } from './states.js';

interface ReasonDialogProps {
  readonly opened: boolean;
  readonly close: () => void;
  readonly title: string;
  /** What will happen, in a sentence. */
  readonly children: React.ReactNode;
  /** On the button. */
  readonly act: string;
  readonly color?: string;
  /** Whether all else is said that has to be. */
  readonly ready?: boolean;
  /** The dialog closes when it is through. */
  readonly onAct: (deed: { readonly why: string; readonly by?: string }) => Promise<unknown>;
}

export function ReasonDialog({ opened, close, title, children, act, color, ready = true, onAct }: ReasonDialogProps) {
  const [why, setWhy] = useState('');
  const [acting, setActing] = useState(false);
  const [error, setError] = useState<Error | null>(null);
  const { by, name, asked } = useSignature();
  const submit = async (event: React.FormEvent): Promise<void> => {
    event.preventDefault();
    setActing(true);
    setError(null);
    try {
      await onAct({ why: why.trim(), ...by });
      setWhy('');
      close();
    } catch (refused) {
      setError(refused as Error);
    } finally {
      setActing(false);
    }
  };
  return (
    <Modal opened={opened} onClose={close} title={title} closeButtonProps={{ 'aria-label': 'Close' }}>
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm" component="div">
            {children}
          </Text>
          {error === null ? null : <Failed error={error} />}
          {asked ? <NameField /> : null}
          <Textarea
            label="Reason"
            description="Kept in the log for whoever looks at it later."
            value={why}
            maxLength={1000}
            autosize
            minRows={2}
            data-autofocus
            required
            onChange={({ currentTarget }) => setWhy(currentTarget.value.replace(/\s*\n\s*/g, ' '))}
          />
          <Group justify="flex-end">
            <Button variant="default" onClick={close}>
              Cancel
            </Button>
            <Button
              type="submit"
              loading={acting}
              disabled={why.trim() === '' || name === null || !ready}
              {...(color === undefined ? {} : { color })}
            >
              {act}
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  );
}
