/** Which approved repairs are in each other's way. */
import { Button, List, Stack, Text } from '@mantine/core';
import { call } from '../api/call.js';
import { useJob } from '../api/job.js';
import { useRepairs } from '../api/queries.js';
import { JobLine } from '../parts/job-line.js';
import { Empty } from '../parts/states.js';
import { plural, short } from '../words.js';

export function ConflictsPanel() {
  const job = useJob('conflicts', { abandon: true });
  const { data } = useRepairs();
  const named = (id: string): string => {
    const source = data?.find((each) => each.id === id)?.source;
    return source === undefined
      ? short(id)
      : `${short(id)} (${source.index === null ? (source.file ?? 'a picture') : `test image ${source.index}`} as ${source.targetName})`;
  };
  const look = (
    <Button variant="default" loading={job.running} onClick={() => void job.start(() => call('conflicts', {}))}>
      Look for conflicts
    </Button>
  );
  if (job.result === null)
    return (
      <>
        <JobLine job={job} what="Solving each repair alone" />
        {job.running ? null : (
          <Empty title="Are repairs in each other’s way?" next={look}>
            Solves each approved repair alone: some seconds for each. Names pairs that contradict each other, and pairs
            that turn the same right answers wrong.
          </Empty>
        )}
      </>
    );
  const { alone, contradicting, overlapping } = job.result;
  return (
    <Stack align="flex-start">
      <Text>
        {plural(alone.length, 'repair')} solved alone;{' '}
        {contradicting.length + overlapping.length === 0 ? 'none is in the way of another.' : ''}
      </Text>
      <List spacing="xs">
        {contradicting.map(([a, b]) => (
          <List.Item key={a + b}>
            {named(a)} and {named(b)} cannot hold together.
          </List.Item>
        ))}
        {overlapping.map(({ repairs: [a, b], pictures }) => (
          <List.Item key={a + b}>
            {named(a)} and {named(b)} both turn {plural(pictures.length, 'right answer')} wrong.
          </List.Item>
        ))}
      </List>
      {look}
    </Stack>
  );
}
