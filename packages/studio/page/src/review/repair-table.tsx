/** Repairs that were approved, are served, or are retired. */
import type { RepairDocument } from '@editable/studio/api';
import { Button, Group, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { call } from '../api/call.js';
import { useJob } from '../api/job.js';
import { Hash } from '../parts/hash.js';
import { JobLine } from '../parts/job-line.js';
import { Picture } from '../parts/picture.js';
import { repairPictureAt } from '../parts/picture-address.js';
import { ReasonDialog } from '../parts/reason-dialog.js';
import { useSignature } from '../parts/signature.js';
import { Empty } from '../parts/states.js';
import { moment } from '../words.js';

interface RepairTableProps {
  readonly repairs: readonly RepairDocument[];
  readonly state: 'approved' | 'active' | 'retired';
}

const nothing = {
  approved: 'Approved repairs wait here for the next release.',
  active: 'No repair is served: the base is served as it is, or its release holds none.',
  retired: 'Nothing was retired. Any repair can be, not only the last; the others stay in force.',
} as const;

export function RepairTable({ repairs, state }: RepairTableProps) {
  const [retiring, setRetiring] = useState<RepairDocument | null>(null);
  const retire = useJob('retire');
  const { may } = useSignature();
  if (repairs.length === 0) return <Empty title={`No repair is ${state}`}>{nothing[state]}</Empty>;
  return (
    <>
      <JobLine job={retire} what="Solving the others without it" />
      <Table verticalSpacing="xs" highlightOnHover>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Picture</Table.Th>
            <Table.Th>Said → says</Table.Th>
            <Table.Th>Proposed</Table.Th>
            <Table.Th>{state === 'retired' ? 'Retired' : 'Approved'}</Table.Th>
            <Table.Th>{state === 'active' ? 'In force' : ''}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {repairs.map((repair) => (
            <Table.Tr key={repair.id}>
              <Table.Td>
                <Group gap="sm" wrap="nowrap">
                  <Picture address={repairPictureAt(repair.id)} alt="" size={48} />
                  <Hash id={repair.id} />
                </Group>
              </Table.Td>
              <Table.Td>
                {repair.source.predicted.name} → <b>{repair.source.targetName}</b>
              </Table.Td>
              <DeedCell deed={repair.proposed} />
              <DeedCell deed={state === 'retired' ? repair.retired : repair.approved} />
              <Table.Td>
                {repair.standing === null ? null : (
                  <Text size="sm">
                    {repair.standing.holds ? 'holds' : 'does not hold'}, {repair.standing.following} of{' '}
                    {repair.standing.unseenViews} views
                  </Text>
                )}
                {state === 'retired' ? null : (
                  <Button
                    size="compact-xs"
                    variant="default"
                    disabled={!may('approve') || retire.running || repair.retired !== null}
                    onClick={() => setRetiring(repair)}
                  >
                    {repair.retired === null ? 'Retire …' : 'leaves with the next release'}
                  </Button>
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      <ReasonDialog
        opened={retiring !== null}
        close={() => setRetiring(null)}
        title="Retire a repair"
        act="Retire"
        color="red"
        onAct={async (deed) => {
          if (retiring === null) return;
          void retire.start(() => call('retire', { params: { id: retiring.id }, body: deed }));
        }}
      >
        {state === 'active'
          ? 'The others are solved without it, and that release is served in its place.'
          : 'It will not be in the next release.'}
      </ReasonDialog>
    </>
  );
}

const DeedCell = ({ deed }: { readonly deed: RepairDocument['approved'] }) => (
  <Table.Td className="words" maw={260}>
    {deed === null ? null : (
      <>
        {deed.why}
        <Text size="xs" className="dim">
          {deed.by}, {moment(deed.at)}
        </Text>
      </>
    )}
  </Table.Td>
);
