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
              {typeof entry.event.why === 'string' && entry.event.why !== '' ? `: ${entry.event.why}` : ''}
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

function happened({ event }: LogEntry): string {
  const name = (key: string): string => (typeof event[key] === 'string' ? short(event[key]) : 'the base');
  switch (event.kind) {
    case 'base':
      return `base ${name('base')} taken`;
    case 'released':
      return `released ${name('release')} with ${Array.isArray(event.repairs) ? event.repairs.length : '?'} repairs`;
    case 'activated':
      return `${event.rollBack === true ? 'rolled back to' : 'activated'} ${name('release')}`;
    default:
      return `${event.kind} ${name('repair')}`;
  }
}
