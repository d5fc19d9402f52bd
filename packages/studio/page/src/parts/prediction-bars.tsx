/** The most probable classes with their probabilities; the right one is bold. */
import type { Prediction } from '@editable/workspace';
import { Progress, Stack, Text } from '@mantine/core';
import { percent } from '../words.js';

interface PredictionBarsProps {
  readonly predictions: readonly Prediction[];
  readonly target: number;
  readonly shown?: number;
}

export const PredictionBars = ({ predictions, target, shown = 2 }: PredictionBarsProps) => (
  <Stack gap={4} miw={110}>
    {predictions.slice(0, shown).map(({ label, name, probability }) => (
      <div key={label}>
        <Text size="xs" fw={label === target ? 700 : 400} truncate>
          {name} {percent(probability, 0)}
        </Text>
        <Progress
          value={100 * probability}
          size={4}
          color={label === target ? 'teal' : 'gray'}
          aria-label={`${name}: ${percent(probability, 0)}`}
        />
      </div>
    ))}
  </Stack>
);
