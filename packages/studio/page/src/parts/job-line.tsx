/** How far a job is, the way to end it, and what went wrong. */

import type { JobKind } from '@editable/studio/api';
import { Button, Group, Loader, Progress, Stack, Text } from '@mantine/core';
import type { Job } from '../api/job.js';
import { count } from '../words.js';
import { Failed } from './states.js';

const words: Readonly<Record<string, string>> = {
  decoding: 'reading photographs',
  curvature: 'looking at control images',
  repair: 'solving repairs',
};

interface JobLineProps {
  readonly job: Job<JobKind> | Pick<Job<JobKind>, 'running' | 'progress' | 'remark' | 'error' | 'cancel'>;
  /** What it does, in a word or two. */
  readonly what: string;
}

export function JobLine({ job: { running, progress, remark, error, cancel }, what }: JobLineProps) {
  if (error !== null) return <Failed error={error} />;
  if (!running) return null;
  // What is counted may be done before the job is: then what it measures is not counted.
  const isCounting = progress !== null && progress.done < progress.total;
  const share = isCounting ? progress.done / progress.total : null;
  return (
    <Stack gap={6} role="status" my="sm">
      <Group gap="sm">
        <Loader size="xs" />
        <Text size="sm">
          {what}
          {progress === null
            ? ' …'
            : !isCounting
              ? `: ${words[progress.what] ?? progress.what} is done, measuring …`
              : `: ${words[progress.what] ?? progress.what}, ${count(progress.done)} of ${count(progress.total)}`}
        </Text>
        <Button size="compact-xs" variant="default" onClick={cancel}>
          Cancel
        </Button>
      </Group>
      {share === null ? null : (
        <Progress value={100 * share} size="sm" aria-label={`${what}: ${Math.round(100 * share)} %`} />
      )}
      {remark === null ? null : (
        <Text size="sm" className="dim words">
          {remark}
        </Text>
      )}
    </Stack>
  );
}
