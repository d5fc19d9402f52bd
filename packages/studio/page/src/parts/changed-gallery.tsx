/** What else changes: test images that are answered otherwise, lost ones first. */
import { Button, Group, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { count, plural } from '../words.js';
import { Picture } from './picture.js';
import { testPictureAt } from './picture-address.js';

/** A test image answered otherwise. */
export interface ChangedAnswer {
  readonly index: number;
  readonly label: number;
  readonly before: number;
  readonly after: number;
}

interface ChangedGalleryProps {
  readonly changed: readonly ChangedAnswer[];
  readonly classes: readonly string[];
  /** Judged. */
  readonly images: number;
}

type Kind = 'lost' | 'gained' | 'other';

const kindOf = ({ label, before, after }: ChangedAnswer): Kind =>
  before === label ? 'lost' : after === label ? 'gained' : 'other';

const portion = 24;

export function ChangedGallery({ changed, classes, images }: ChangedGalleryProps) {
  const [kind, setKind] = useState<Kind>('lost');
  const [shown, setShown] = useState(portion);
  const of = (wanted: Kind): readonly ChangedAnswer[] => changed.filter((each) => kindOf(each) === wanted);
  const listed = of(kind);
  const name = (label: number): string => classes[label] ?? String(label);
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" mb="sm">
        <Title order={2}>What else changes</Title>
        <SegmentedControl
          aria-label="Which changes"
          size="xs"
          value={kind}
          onChange={(value) => {
            setKind(value as Kind);
            setShown(portion);
          }}
          data={[
            { value: 'lost', label: `Right → wrong (${of('lost').length})` },
            { value: 'gained', label: `Wrong → right (${of('gained').length})` },
            { value: 'other', label: `Wrong → wrong (${of('other').length})` },
          ]}
        />
      </Group>
      <Text size="sm" className="dim" mb="sm">
        {plural(changed.length, 'answer')} of {count(images)} test images judged{' '}
        {changed.length === 1 ? 'changes' : 'change'}.
      </Text>
      {listed.length === 0 ? (
        <Text size="sm">None of this kind.</Text>
      ) : (
        <Stack>
          <div className="gallery">
            {listed.slice(0, shown).map(({ index, label, before, after }) => (
              <div key={index} className="tile" title={`test image ${index}`}>
                <Picture address={testPictureAt(index)} alt={`test image ${index}, is ${name(label)}`} />
                <span className="tile-line" title={`is ${name(label)}`}>
                  is <b>{name(label)}</b>
                </span>
                <span className="tile-line" title={`${name(before)} → ${name(after)}`}>
                  {name(before)} → {name(after)}
                </span>
              </div>
            ))}
          </div>
          {listed.length <= shown ? null : (
            <Button
              variant="default"
              size="xs"
              onClick={() => setShown(shown + portion)}
              style={{ alignSelf: 'center' }}
            >
              Show more ({listed.length - shown})
            </Button>
          )}
        </Stack>
      )}
    </Paper>
  );
}
