/** Whether a release may be served, test by test: those that fail first. */
import type { CheckReport } from '@editable/workspace';
import { Alert, List, Text } from '@mantine/core';
import { duration, plural, releaseNamed } from '../words.js';

interface CheckPanelProps {
  readonly report: CheckReport;
  readonly close: () => void;
}

/** Passed tests that are listed. */
const shown = 6;

export function CheckPanel({ report: { passed, release, cases, seconds }, close }: CheckPanelProps) {
  const failed = cases.filter((each) => !each.passed);
  const fine = cases.filter((each) => each.passed);
  return (
    <Alert
      color={passed ? 'teal' : 'red'}
      variant="light"
      title={`${releaseNamed(release)} ${passed ? 'may be served' : 'may not be served'}`}
      withCloseButton
      closeButtonLabel="Close the report"
      onClose={close}
      role="status"
    >
      <Text size="sm">
        {plural(cases.length, 'test')} in {duration(seconds)},{' '}
        {failed.length === 0 ? 'all passed' : `${failed.length} failed`}.
      </Text>
      <List size="sm" mt="xs">
        {[...failed, ...fine.slice(-shown)].map(({ group, name, passed: fineOne, found }) => (
          <List.Item key={group + name} className="words">
            {fineOne ? '✓' : '✗'} {group}: {name}: {found}
          </List.Item>
        ))}
      </List>
    </Alert>
  );
}
