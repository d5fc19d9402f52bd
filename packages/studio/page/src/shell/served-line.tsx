/** What is served now, on every page. */
import { Anchor, Badge, Group, Text, Tooltip } from '@mantine/core';
import { Link } from 'react-router';
import { useStatus } from '../api/queries.js';
import { plural, releaseNamed } from '../words.js';

export function ServedLine() {
  const { data } = useStatus();
  if (data === undefined) return null;
  const { served, rollout, problem, model } = data;
  return (
    <Group gap={8} wrap="nowrap" role="status" aria-label="Served now">
      <Text size="sm" className="dim">
        {model} serves
      </Text>
      <Anchor component={Link} to="/releases" size="sm" ff="monospace" data-testid="served">
        {releaseNamed(served.release)}
      </Anchor>
      <Text size="sm" className="dim">
        {served.release === null ? 'as it is' : `with ${plural(served.repairs, 'repair')}`}
      </Text>
      {rollout === null || rollout.ended !== null ? null : (
        <Badge variant="light" color="violet">
          {rollout.mode} {releaseNamed(rollout.release)}
        </Badge>
      )}
      {problem === null ? null : (
        <Tooltip label={problem} multiline maw={420}>
          <Badge color="red" tabIndex={0} aria-label={`Problem: ${problem}`}>
            problem
          </Badge>
        </Tooltip>
      )}
    </Group>
  );
}
