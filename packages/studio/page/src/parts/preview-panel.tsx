/** What repairs would do: before and after, what else changes, which earlier repairs they touch. It narrows while one looks. */
import type { PreviewDocument } from '@editable/studio/api';
import { Badge, Group, Paper, Stack, Table, Text, Title } from '@mantine/core';
import { count, duration, percent, releaseNamed } from '../words.js';
import { ChangedGallery } from './changed-gallery.js';
import { DrawdownInterval } from './drawdown-interval.js';
import { Picture } from './picture.js';
import { repairPictureAt } from './picture-address.js';
import { PredictionBars } from './prediction-bars.js';
import { TouchedRepairs } from './touched-repairs.js';

interface PreviewPanelProps {
  readonly preview: PreviewDocument;
  /** Something else is asked for by now. */
  readonly stale?: boolean;
  readonly classes: readonly string[];
  /** Where the pictures asked for are, in their order; left out: with the repairs, which are in the store. */
  readonly pictures?: readonly string[];
}

export function PreviewPanel({ preview, stale = false, classes, pictures }: PreviewPanelProps) {
  const { final, beside, asked, images, of, errorBefore, errorAfter, drawdown, drawdownInterval, generality } = preview;
  const holding = asked.filter(({ standing }) => standing.holds).length;
  return (
    <Stack data-testid="preview" data-final={final}>
      <Paper withBorder p="md">
        <Group justify="space-between" mb="xs">
          <Title order={2}>Cost, beside {releaseNamed(beside)}</Title>
          <Group gap={6}>
            {stale ? (
              <Badge color="orange" variant="light">
                of earlier settings: preview again
              </Badge>
            ) : null}
            <Badge variant="light" color={final ? 'teal' : 'gray'}>
              {final ? `all ${count(images)} test images` : `${count(images)} of ${count(of)} test images`}
            </Badge>
          </Group>
        </Group>
        <DrawdownInterval drawdown={drawdown} interval={drawdownInterval} />
        <Group gap="xl" mt="xs">
          <Fact label="Test error" value={`${percent(errorBefore)} → ${percent(errorAfter)}`} />
          <Fact label="Hold" value={`${holding} of ${asked.length}`} bad={holding < asked.length} />
          <Fact label="Unseen views that follow" value={generality === null ? '–' : percent(generality, 0)} />
          <Fact label="Time" value={duration(preview.seconds)} />
        </Group>
      </Paper>
      <Paper withBorder p="md">
        <Title order={2} mb="xs">
          Before and after
        </Title>
        <Table verticalSpacing="xs">
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Picture</Table.Th>
              <Table.Th>Before</Table.Th>
              <Table.Th>After</Table.Th>
              <Table.Th>Right answer</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {asked.map(({ repair, target, before, after, standing }, i) => (
              <Table.Tr key={repair}>
                <Table.Td w={76}>
                  <Picture address={pictures?.[i] ?? repairPictureAt(repair)} alt={`to be ${target.name}`} size={56} />
                </Table.Td>
                <Table.Td>
                  <PredictionBars predictions={before} target={target.label} />
                </Table.Td>
                <Table.Td>
                  <PredictionBars predictions={after} target={target.label} />
                </Table.Td>
                <Table.Td>
                  <Text size="sm" fw={600}>
                    {target.name}
                  </Text>
                  <Text size="xs" className="dim">
                    {standing.holds ? `holds, leads by ${standing.lead.toFixed(1)} nats` : 'does not hold'};{' '}
                    {standing.following} of {standing.unseenViews} unseen views
                  </Text>
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Paper>
      <ChangedGallery changed={preview.flips} classes={classes} images={images} />
      <TouchedRepairs touched={preview.others} />
    </Stack>
  );
}

interface FactProps {
  readonly label: string;
  readonly value: string;
  readonly bad?: boolean;
}

const Fact = ({ label, value, bad = false }: FactProps) => (
  <div>
    <Text size="xs" className="dim">
      {label}
    </Text>
    <Text fw={600} {...(bad ? { c: 'red' } : {})}>
      {value}
    </Text>
  </div>
);
