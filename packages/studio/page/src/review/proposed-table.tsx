/** Repairs that wait for a second person. */
import type { RepairDocument } from '@editable/studio/api';
import { Badge, Checkbox, Group, Table, Text } from '@mantine/core';
import { Hash } from '../parts/hash.js';
import { Picture } from '../parts/picture.js';
import { repairPictureAt } from '../parts/picture-address.js';
import { moment, percent } from '../words.js';

interface ProposedTableProps {
  readonly repairs: readonly RepairDocument[];
  readonly chosen: readonly string[];
  readonly choose: (ids: readonly string[]) => void;
  readonly me: string | null;
}

export function ProposedTable({ repairs, chosen, choose, me }: ProposedTableProps) {
  const toggle = (id: string): void =>
    choose(chosen.includes(id) ? chosen.filter((each) => each !== id) : [...chosen, id]);
  const all = repairs.every(({ id }) => chosen.includes(id));
  return (
    <Table verticalSpacing="xs" highlightOnHover data-testid="proposed">
      <Table.Thead>
        <Table.Tr>
          <Table.Th w={36}>
            <Checkbox
              aria-label="Choose all"
              checked={all}
              indeterminate={!all && chosen.length > 0}
              onChange={() => choose(all ? [] : repairs.map(({ id }) => id))}
            />
          </Table.Th>
          <Table.Th>Picture</Table.Th>
          <Table.Th>Says → shall say</Table.Th>
          <Table.Th>Views, margin</Table.Th>
          <Table.Th>Why</Table.Th>
          <Table.Th>Proposed</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {repairs.map(({ id, wish, source, proposed }) => (
          <Table.Tr key={id}>
            <Table.Td>
              <Checkbox
                aria-label={`Choose the repair to ${source.targetName}`}
                checked={chosen.includes(id)}
                onChange={() => toggle(id)}
              />
            </Table.Td>
            <Table.Td>
              <Group gap="sm" wrap="nowrap">
                <Picture address={repairPictureAt(id)} alt="" size={48} />
                <div>
                  <Text size="xs" className="dim words">
                    {source.index === null ? (source.file ?? 'a picture') : `test image ${source.index}`}
                  </Text>
                  <Hash id={id} />
                </div>
              </Group>
            </Table.Td>
            <Table.Td>
              {source.predicted.name} <span className="dim">{percent(source.predicted.probability, 0)}</span> →{' '}
              <b>{source.targetName}</b>
            </Table.Td>
            <Table.Td>
              {wish.views}, {wish.margin}
            </Table.Td>
            <Table.Td className="words" maw={320}>
              {proposed.why}
            </Table.Td>
            <Table.Td>
              {proposed.by}
              {proposed.by === me ? (
                <Badge size="xs" ml={6} variant="light" color="gray">
                  you
                </Badge>
              ) : null}
              <Text size="xs" className="dim">
                {moment(proposed.at)}
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
