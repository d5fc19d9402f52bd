/** Repairs by their state: those to approve first, with what they would do together. */
import { Button, Group, Tabs, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'react-router';
import { call } from '../api/call.js';
import { useJob } from '../api/job.js';
import { useRepairs, useStatus } from '../api/queries.js';
import { JobLine } from '../parts/job-line.js';
import { PageHead } from '../parts/page-head.js';
import { PreviewPanel } from '../parts/preview-panel.js';
import { ReasonDialog } from '../parts/reason-dialog.js';
import { useSignature } from '../parts/signature.js';
import { Empty, Failed, Loading } from '../parts/states.js';
import { plural } from '../words.js';
import { ConflictsPanel } from './conflicts-panel.js';
import { ProposedTable } from './proposed-table.js';
import { RepairTable } from './repair-table.js';

export function ReviewPage() {
  const { data, error, refetch } = useRepairs();
  const status = useStatus();
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const [approving, setApproving] = useState(false);
  const preview = useJob('preview', { abandon: true });
  const { name, may } = useSignature();
  if (error !== null) return <Failed error={error} again={refetch} />;
  if (data === undefined || status.data === undefined) return <Loading what="Asking for the repairs …" />;

  const proposed = data.filter((each) => each.status === 'proposed');
  const picked = proposed.filter(({ id }) => chosen.includes(id));
  const own = picked.filter((each) => samePerson(each.proposed.by, name));
  const start = (): void => {
    void preview.start(() => call('preview', { body: { repairs: picked.map(({ id }) => id) } }));
  };
  const why = !may('approve')
    ? 'Your token may not approve.'
    : own.length > 0
      ? `${plural(own.length, 'of these was', 'of these were')} proposed by you; a second person approves.`
      : null;
  const rest = (['approved', 'active', 'retired'] as const).map((state) => ({
    state,
    repairs: data.filter((each) => each.status === state),
  }));
  return (
    <>
      <PageHead title="Review">
        A second person looks at a proposed repair and approves it with a reason. Approved repairs are in force with the
        next release.
      </PageHead>
      <Tabs defaultValue="proposed" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="proposed">Proposed ({proposed.length})</Tabs.Tab>
          {rest.map(({ state, repairs }) => (
            <Tabs.Tab key={state} value={state}>
              {state[0]?.toUpperCase()}
              {state.slice(1)} ({repairs.length})
            </Tabs.Tab>
          ))}
          <Tabs.Tab value="conflicts">Conflicts</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="proposed">
          {proposed.length === 0 ? (
            <Empty
              title="Nothing to review"
              next={
                <Button component={Link} to="/mistakes" variant="default">
                  To the mistakes
                </Button>
              }
            >
              Proposed repairs wait here for a second person.
            </Empty>
          ) : (
            <ProposedTable repairs={proposed} chosen={chosen} choose={setChosen} me={name} />
          )}
          {picked.length === 0 ? null : (
            <Group className="action-bar" role="region" aria-label="Chosen repairs">
              <Text fw={600}>{plural(picked.length, 'repair')} chosen</Text>
              <Button variant="default" onClick={start} loading={preview.running}>
                Preview together
              </Button>
              <Button onClick={() => setApproving(true)} disabled={why !== null}>
                Approve …
              </Button>
              {why === null ? null : <Text size="sm">{why}</Text>}
            </Group>
          )}
          <JobLine job={preview} what="Previewing" />
          {preview.preview === null ? null : <PreviewPanel preview={preview.preview} classes={status.data.classes} />}
        </Tabs.Panel>
        {rest.map(({ state, repairs }) => (
          <Tabs.Panel key={state} value={state}>
            <RepairTable repairs={repairs} state={state} />
          </Tabs.Panel>
        ))}
        <Tabs.Panel value="conflicts">
          <ConflictsPanel />
        </Tabs.Panel>
      </Tabs>
      <ReasonDialog
        opened={approving}
        close={() => setApproving(false)}
        title={`Approve ${plural(picked.length, 'repair')}`}
        act="Approve"
        onAct={async (deed) => {
          await call('approve', { body: { repairs: picked.map(({ id }) => id), ...deed } });
          setChosen([]);
          preview.clear();
          await refetch();
        }}
      >
        They are in force with the next release, not before.
      </ReasonDialog>
    </>
  );
}

const samePerson = (a: string, b: string | null): boolean =>
  b !== null && a.trim().toLocaleLowerCase() === b.trim().toLocaleLowerCase();
