/** Mistakes on test images: filters above, a tile for each group of near-duplicates. */
import type { MistakesOf } from '@editable/studio/api';
import { Button, Group, Select, Stack, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useRef, useState } from 'react';
import { moveInGrid } from '../parts/grid-keys.js';
import { Empty } from '../parts/states.js';
import { plural } from '../words.js';
import { classesIn, groupsOf, type MistakeFilter } from './groups.js';
import { MistakeTile } from './mistake-tile.js';

interface FoundMistakesProps {
  readonly found: MistakesOf;
  readonly suspects: boolean;
  readonly chosen: readonly number[];
  readonly toggle: (index: number) => void;
}

/** Groups that are shown at once. */
const portion = 60;

export function FoundMistakes({ found, suspects, chosen, toggle }: FoundMistakesProps) {
  const [filter, setFilter] = useState<Omit<MistakeFilter, 'suspects'>>({ truth: null, predicted: null });
  const [shown, setShown] = useState(portion);
  const first = useRef<HTMLInputElement>(null);
  useHotkeys([['/', () => first.current?.focus()]]);
  const candidates = found.mistakes.filter(({ suspect }) => suspect === suspects);
  const groups = groupsOf(found.mistakes, { suspects, ...filter });
  const choose = (of: 'truth' | 'predicted') => (value: string | null) => {
    setFilter({ ...filter, [of]: value === null ? null : Number(value) });
    setShown(portion);
  };
  const options = (of: 'truth' | 'predicted') =>
    classesIn(candidates, of).map(({ label, name, number }) => ({
      value: String(label),
      label: `${name} (${number})`,
    }));

  if (candidates.length === 0)
    return suspects ? (
      <Empty title="No label looks wrong">Every mistake on the test images seems to be the network’s own.</Empty>
    ) : (
      <Empty title="No mistakes">The network is right on every test image that was looked at.</Empty>
    );
  return (
    <Stack>
      <Group align="flex-end">
        <Select
          ref={first}
          label="Is"
          placeholder="any class"
          data={options('truth')}
          onChange={choose('truth')}
          clearable
          searchable
          w={210}
        />
        <Select
          label="The network says"
          placeholder="any class"
          data={options('predicted')}
          onChange={choose('predicted')}
          clearable
          searchable
          w={210}
        />
        <Text className="dim" pb={8}>
          {plural(groups.length, 'picture')}
          {suspects ? ' whose label may be wrong: look before you repair.' : ', near-duplicates as one.'}
        </Text>
      </Group>
      {groups.length === 0 ? <Empty title="No such mistake">Choose other classes.</Empty> : null}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys move the focus between its buttons */}
      <div className="gallery" onKeyDown={moveInGrid} data-testid="mistakes">
        {groups.slice(0, shown).map((group) => (
          <MistakeTile key={group[0].index} group={group} chosen={chosen} toggle={toggle} />
        ))}
      </div>
      {groups.length <= shown ? null : (
        <Button variant="default" onClick={() => setShown(shown + portion)} style={{ alignSelf: 'center' }}>
          Show more ({groups.length - shown})
        </Button>
      )}
    </Stack>
  );
}
