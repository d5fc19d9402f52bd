/** A picture to repair: what it is, what is right. */
import { Badge, CloseButton, Group, Select, Stack, Text } from '@mantine/core';
import { Picture } from '../parts/picture.js';
import type { Draft } from './wish-drafts.js';

interface DraftRowProps {
  readonly draft: Draft;
  readonly classes: readonly string[];
  readonly pick: (target: number | null) => void;
  readonly remove: () => void;
}

export const DraftRow = ({ draft, classes, pick, remove }: DraftRowProps) => (
  <Group wrap="nowrap" gap="sm" align="center">
    <Picture address={draft.address} alt={draft.source} size={56} />
    <Stack gap={2} style={{ flex: 1, minWidth: 0 }}>
      <Group gap={6}>
        <Text size="xs" className="dim words">
          {draft.source}
        </Text>
        {draft.suspect ? (
          <Badge size="xs" color="orange" variant="light">
            label suspect
          </Badge>
        ) : null}
      </Group>
      <Select
        aria-label={`Right answer for ${draft.source}`}
        placeholder="Pick the right answer"
        data={classes.map((name, label) => ({ value: String(label), label: name }))}
        value={draft.target === null ? null : String(draft.target)}
        onChange={(value) => pick(value === null ? null : Number(value))}
        searchable
        allowDeselect={false}
        size="xs"
      />
    </Stack>
    <CloseButton aria-label={`Leave out ${draft.source}`} onClick={remove} />
  </Group>
);
