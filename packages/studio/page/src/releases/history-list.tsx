/** Who did what, when and why: the journal, the newest first. */
import type { LogEntry } from '@editable/studio/api';
import { Button, Stack, Text, Timeline } from '@mantine/core';
import { useState } from 'react';
import { useLog } from '../api/queries.js';
import { Failed, Loading } from '../parts/states.js';
import { moment, short } from '../words.js';

const portion = 30;

export function HistoryList() {
  const [limit, setLimit] = useState(portion);
  const { data, error, refetch } = useLog(limit);
  if (error !== null) return <Failed error={error} again={refetch} />;
  if (data === undefined) return <Loading what="Reading the journal …" />;
  return (
    <Stack align="flex-start">
      <Timeline bulletSize={12} lineWidth={2}>
        {data.map((entry) => (
          <Timeline.Item key={entry.seq} title={happened(entry)}>
            <Text size="sm" className="dim words">
              {entry.by}, {moment(entry.at)}
              {reasonsOf(entry)}
            </Text>
          </Timeline.Item>
        ))}
      </Timeline>
      {data.length < limit ? null : (
        <Button variant="default" onClick={() => setLimit(limit + portion)}>
          Show more
        </Button>
      )}
    </Stack>
  );
}

function reasonsOf({ event }: LogEntry): string {
  const said = [event.why, event.override].filter((each) => typeof each === 'string' && each !== '');
  return said.length === 0 ? '' : `: ${said.join('; ')}`;
}

function happened({ event }: LogEntry): string {
  const name = (key: string): string => (typeof event[key] === 'string' ? short(event[key]) : 'the base');
  switch (event.kind) {
    case 'base':
      return `base ${name('base')} taken`;
    case 'released':
      return `released ${name('release')} with ${Array.isArray(event.repairs) ? event.repairs.length : '?'} repairs`;
    case 'checked':
      return `checked ${name('release')}: ${event.passed === true ? 'passed' : 'failed'}`;
    case 'activated':
      return `${event.rollBack === true ? 'rolled back to' : 'activated'} ${name('release')}${event.override === undefined ? '' : ' without a check that passed'}`;
    default:
      return `${event.kind} ${name('repair')}`;
  }
}
