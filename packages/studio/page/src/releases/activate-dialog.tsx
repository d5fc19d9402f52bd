/** Serves a release: one that passed its check at once, another only where somebody says why. */
import type { ReleaseDocument } from '@editable/studio/api';
import { Alert, Checkbox } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.js';
import { ReasonDialog } from '../parts/reason-dialog.js';
import { moment, releaseNamed, short } from '../words.js';

interface ActivateDialogProps {
  /** null: the dialog is closed. */
  readonly release: ReleaseDocument | null;
  /** What is served now. */
  readonly active: string | null;
  readonly close: () => void;
  /** Waits for the server, and has the lists read again. */
  readonly served: (change: Promise<unknown>) => Promise<void>;
}

export function ActivateDialog({ release, active, close, served }: ActivateDialogProps) {
  // Of one release: the next is decided about anew.
  const [overridden, setOverridden] = useState<string | null>(null);
  const id = release?.id ?? '';
  const anyway = overridden === id;
  const admitted = release?.check?.admits === true;
  const activate = ({ why, by }: { readonly why: string; readonly by?: string }): Promise<unknown> => {
    const reasons = admitted ? { why } : { override: why };
    return call('activate', { params: { id }, body: { ...reasons, ...(by === undefined ? {} : { by }) } });
  };
  return (
    <ReasonDialog
      opened={release !== null}
      close={close}
      title={`Activate ${short(id)}`}
      act="Activate"
      ready={admitted || anyway}
      onAct={(deed) => served(activate(deed))}
    >
      It is served from the next request on, in place of {releaseNamed(active)}. No restart is needed, and rolling back
      is exact.
      {release === null || admitted ? null : (
        <Alert color="orange" variant="light" mt="sm" title={titleOf(release)}>
          {problemOf(release)}
          <Checkbox
            mt="xs"
            label="Activate it anyway, as explained below"
            checked={anyway}
            onChange={({ currentTarget }) => setOverridden(currentTarget.checked ? id : null)}
          />
        </Alert>
      )}
    </ReasonDialog>
  );
}

const titleOf = ({ check }: ReleaseDocument): string =>
  check === null ? 'Nobody has checked it yet' : 'It did not pass the check';

function problemOf({ check }: ReleaseDocument): string {
  if (check === null)
    return 'Close this, then “More” and “Check”: every repair is tested, and its cost held against a budget.';
  const who = `by ${check.by}, ${moment(check.at)}`;
  return check.passed
    ? `Its last check (${who}) asked for less than usual, or judged fewer pictures.`
    : `Its last check (${who}) failed.`;
}
