/** Releases with what each cost; two of them can be compared, one be served. */
import type { ReleaseDocument } from '@editable/studio/api';
import { Badge, Button, Checkbox, Group, Menu, Table, Text } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { call } from '../api/call.js';
import { useStatus } from '../api/queries.js';
import { Hash } from '../parts/hash.js';
import { ReasonDialog } from '../parts/reason-dialog.js';
import { useSignature } from '../parts/signature.js';
import { count, moment, percent, percentInterval, plural, short, signedPercent } from '../words.js';
import { ActivateDialog } from './activate-dialog.js';
import { RolloutDialog } from './rollout-dialog.js';

interface ReleaseTableProps {
  readonly releases: readonly ReleaseDocument[];
  readonly checking: boolean;
  readonly check: (release: string) => void;
}

const colors = { active: 'teal', candidate: 'violet', earlier: 'blue', kept: 'gray' } as const;

/** What is to be done with which release. */
interface Intent {
  readonly what: 'activate' | 'roll back' | 'try';
  readonly release: string;
}

export function ReleaseTable({ releases, checking, check }: ReleaseTableProps) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const status = useStatus();
  const { may, name } = useSignature();
  const [compared, setCompared] = useState<readonly string[]>([]);
  const [intent, setIntent] = useState<Intent | null>(null);
  const active = status.data?.served.release ?? null;
  const toggle = (id: string): void =>
    setCompared(compared.includes(id) ? compared.filter((each) => each !== id) : [...compared.slice(-1), id]);
  const close = (): void => setIntent(null);
  const served = async (change: Promise<unknown>): Promise<void> => {
    await change;
    await client.invalidateQueries();
  };
  const rows = [...releases.map(({ id }) => id), 'base'];
  const [older, newer] = [...compared].sort((a, b) => rows.indexOf(b) - rows.indexOf(a));
  return (
    <>
      <Table verticalSpacing="xs" highlightOnHover data-testid="releases">
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={36} aria-label="Compare" />
            <Table.Th>Release</Table.Th>
            <Table.Th ta="right">Repairs</Table.Th>
            <Table.Th ta="right">Drawdown</Table.Th>
            <Table.Th ta="right">Right → wrong</Table.Th>
            <Table.Th ta="right">Unseen views</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {releases.map(({ id, state, repairs, effect, check: last, by, at }) => (
            <Table.Tr key={id} data-release={id}>
              <Table.Td>
                <Checkbox
                  aria-label={`Compare ${short(id)}`}
                  checked={compared.includes(id)}
                  onChange={() => toggle(id)}
                />
              </Table.Td>
              <Table.Td>
                <Group gap={8} wrap="nowrap">
                  <Hash id={id} />
                  <Badge size="sm" variant="light" color={colors[state]}>
                    {state}
                  </Badge>
                </Group>
                {last === null ? null : (
                  <Text size="xs" className="dim">
                    check {last.passed ? 'passed' : 'failed'}
                  </Text>
                )}
              </Table.Td>
              <Table.Td ta="right">
                {repairs.length}
                <Text size="xs" className="dim">
                  {holding(effect)}
                </Text>
              </Table.Td>
              <Table.Td ta="right">
                {signedPercent(effect.drawdown)}
                <Text size="xs" className="dim">
                  {percentInterval(effect.drawdownInterval)}
                </Text>
              </Table.Td>
              <Table.Td ta="right">
                {effect.negativeFlips.length}
                <Text size="xs" className="dim">
                  of {count(effect.data.images)}
                </Text>
              </Table.Td>
              <Table.Td ta="right">{effect.generality === null ? '–' : percent(effect.generality, 0)}</Table.Td>
              <Table.Td>
                {by}
                <Text size="xs" className="dim">
                  {moment(at)}
                </Text>
              </Table.Td>
              <Table.Td>
                <Group gap={6} justify="flex-end" wrap="nowrap">
                  {state === 'active' ? (
                    <Button
                      size="xs"
                      color="red"
                      variant="light"
                      disabled={!may('approve')}
                      onClick={() => setIntent({ what: 'roll back', release: id })}
                    >
                      Roll back …
                    </Button>
                  ) : (
                    <Button
                      size="xs"
                      disabled={!may('approve')}
                      onClick={() => setIntent({ what: 'activate', release: id })}
                    >
                      Activate …
                    </Button>
                  )}
                  <Menu position="bottom-end">
                    <Menu.Target>
                      <Button size="xs" variant="default" aria-label={`More about ${short(id)}`}>
                        More
                      </Button>
                    </Menu.Target>
                    <Menu.Dropdown>
                      <Menu.Item onClick={() => check(id)} disabled={checking || !may('propose') || name === null}>
                        Check
                      </Menu.Item>
                      <Menu.Item onClick={() => navigate(`/releases/compare/base/${short(id)}`)}>
                        Compare with the base
                      </Menu.Item>
                      {state === 'active' ? null : (
                        <Menu.Item onClick={() => setIntent({ what: 'try', release: id })} disabled={!may('approve')}>
                          Try as shadow or canary …
                        </Menu.Item>
                      )}
                    </Menu.Dropdown>
                  </Menu>
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
          <Table.Tr>
            <Table.Td>
              <Checkbox
                aria-label="Compare the base"
                checked={compared.includes('base')}
                onChange={() => toggle('base')}
              />
            </Table.Td>
            <Table.Td colSpan={7}>
              <Group gap={8}>
                <Text size="sm">the base, as it is</Text>
                {active === null ? (
                  <Badge size="sm" variant="light" color="teal">
                    active
                  </Badge>
                ) : null}
              </Group>
            </Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
      {older === undefined || newer === undefined ? null : (
        <Group className="action-bar" role="region" aria-label="Chosen releases">
          <Text fw={600}>
            {nameOf(older)} and {nameOf(newer)}
          </Text>
          <Button onClick={() => navigate(`/releases/compare/${older}/${newer}`)}>Compare</Button>
        </Group>
      )}
      <ActivateDialog
        release={releases.find(({ id }) => intent?.what === 'activate' && id === intent.release) ?? null}
        active={active}
        close={close}
        served={served}
      />
      <ReasonDialog
        opened={intent?.what === 'roll back'}
        close={close}
        title={`Roll ${short(intent?.release ?? '')} back`}
        act="Roll back"
        color="red"
        onAct={(deed) => served(call('rollback', { body: deed }))}
      >
        {backTo(releases, intent?.release)} is served again, to the bit, from the next request on.
      </ReasonDialog>
      <RolloutDialog opened={intent?.what === 'try'} release={intent?.release ?? ''} close={close} />
    </>
  );
}

function holding({ repairs }: ReleaseDocument['effect']): string {
  const { length } = repairs.filter(({ holds }) => holds);
  return `${length} ${length === 1 ? 'holds' : 'hold'}`;
}

const nameOf = (id: string): string => (id === 'base' ? 'the base' : short(id));

function backTo(releases: readonly ReleaseDocument[], id: string | undefined): string {
  const parent = releases.find((each) => each.id === id)?.parent ?? null;
  const repairs = releases.find((each) => each.id === parent)?.repairs.length;
  return parent === null ? 'The base as it is' : `${short(parent)} with ${plural(repairs ?? 0, 'repair')}`;
}
