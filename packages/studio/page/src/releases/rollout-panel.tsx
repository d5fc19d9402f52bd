/** The candidate that stands beside what is served: how it does, and on which pictures it differs. */
import { Alert, Badge, Button, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { call } from '../api/call.js';
import { useDifferences, useRollout } from '../api/queries.js';
import { noChoice, repairAddress } from '../mistakes/choice.js';
import { Picture } from '../parts/picture.js';
import { differencePictureAt } from '../parts/picture-address.js';
import { useSignature } from '../parts/signature.js';
import { Failed } from '../parts/states.js';
import { count, moment, percent, plural, releaseNamed } from '../words.js';

export function RolloutPanel() {
  const { data } = useRollout();
  const client = useQueryClient();
  const { may } = useSignature();
  const [shown, setShown] = useState(false);
  const end = useMutation({
    mutationFn: () => call('endRollout', {}),
    onSettled: () => client.invalidateQueries(),
  });
  if (data == null) return null;
  const { mode, release, beside, share, alarm, answered, compared, different, failed, ended } = data;
  return (
    <Paper withBorder p="md" component="section" aria-label="Candidate">
      <Group justify="space-between">
        <Group gap="sm">
          <Title order={2}>
            {mode === 'shadow' ? 'Shadow' : 'Canary'} {releaseNamed(release)}
          </Title>
          <Badge color={ended === null ? 'violet' : 'gray'} variant="light">
            {ended === null ? `since ${moment(data.since)}` : 'ended'}
          </Badge>
        </Group>
        <Group gap="xs">
          <Button size="xs" variant="default" onClick={() => setShown(!shown)} aria-expanded={shown}>
            {shown ? 'Hide differences' : `Differences (${different})`}
          </Button>
          {ended === null ? (
            <Button
              size="xs"
              color="red"
              variant="light"
              disabled={!may('approve')}
              onClick={() => end.mutate()}
              loading={end.isPending}
            >
              Take it back
            </Button>
          ) : null}
        </Group>
      </Group>
      {end.error === null ? null : <Failed error={end.error} />}
      {ended === null ? null : (
        <Alert color="orange" variant="light" mt="xs">
          {ended.because} ({ended.by}, {moment(ended.at)})
        </Alert>
      )}
      <Text size="sm" mt="xs">
        Beside {releaseNamed(beside)}: {plural(compared, 'picture')} compared, {count(different)} answered otherwise (
        {percent(compared === 0 ? 0 : different / compared)}
        {alarm.differences === null ? '' : `, alarm above ${percent(alarm.differences, 0)}`}), {count(failed)} failed.{' '}
        {mode === 'canary'
          ? `It answered ${plural(answered, 'request')}, ${percent(share, 0)} of them.`
          : 'Its answers reach nobody.'}
      </Text>
      {shown ? <Differences /> : null}
    </Paper>
  );
}

function Differences() {
  const { data, error, refetch } = useDifferences();
  const navigate = useNavigate();
  if (error !== null) return <Failed error={error} again={refetch} />;
  if (data === undefined || data.length === 0)
    return (
      <Text size="sm" mt="xs" className="dim">
        No request was answered otherwise so far.
      </Text>
    );
  return (
    <Stack mt="sm">
      <div className="gallery">
        {data.map(({ id, before, after }) => (
          <button
            key={id}
            type="button"
            className="tile"
            title="Repair this picture"
            onClick={() => navigate(repairAddress({ ...noChoice, difference: [id] }))}
          >
            <Picture address={differencePictureAt(id)} alt="" />
            <span className="tile-line">served: {before.name}</span>
            <span className="tile-line">
              candidate: <b>{after.name}</b>
            </span>
          </button>
        ))}
      </div>
    </Stack>
  );
}
