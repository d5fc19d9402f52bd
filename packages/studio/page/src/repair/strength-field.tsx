/** Locality against generality as a slider: more views carry further and cost more, as the run's own evaluations measured. */
import { Group, NumberInput, Slider, Stack, Text } from '@mantine/core';
import type { Strength } from './wish-drafts.js';

interface StrengthFieldProps {
  readonly value: Strength;
  readonly onChange: (value: Strength) => void;
}

export const viewSteps: readonly number[] = [0, 1, 2, 4, 8, 16, 32];

export function StrengthField({ value, onChange }: StrengthFieldProps) {
  const at = Math.max(0, viewSteps.indexOf(value.views));
  return (
    <Stack gap="lg">
      <div>
        <Text size="sm" fw={500} id="strength-label">
          Locality against generality
        </Text>
        <Text size="xs" className="dim" mb={6}>
          Augmented views of each picture that must follow, too. More carry over further, and cost more elsewhere.
        </Text>
        <Slider
          min={0}
          max={viewSteps.length - 1}
          step={1}
          value={at}
          label={(step) => `${viewSteps[step]} views`}
          marks={viewSteps.map((views, step) => ({ value: step, label: String(views) }))}
          onChange={(step) => onChange({ ...value, views: viewSteps[step] ?? 0 })}
          thumbProps={{ 'aria-labelledby': 'strength-label', 'aria-valuetext': `${value.views} views` }}
          mb="xl"
          mx={8}
        />
        <Group justify="space-between">
          <Text size="xs" className="dim">
            this picture alone
          </Text>
          <Text size="xs" className="dim">
            pictures like it
          </Text>
        </Group>
      </div>
      <NumberInput
        label="Margin"
        description="Nats by which the right answer must lead; 0: it only has to win."
        value={value.margin}
        min={0}
        max={20}
        step={0.5}
        decimalScale={2}
        onChange={(margin) => onChange({ ...value, margin: typeof margin === 'number' ? margin : 0 })}
      />
    </Stack>
  );
}
