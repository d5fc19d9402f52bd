/** The server's own events: what they name is read again, so a page shows what other people do, too. */
import { routes, type ServerEvent } from '@editable/studio/api';
import { notifications } from '@mantine/notifications';
import { type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { RouteName } from './call.js';
import { eventsAt } from './events.js';

const store: readonly RouteName[] = ['status', 'repairs', 'releases', 'log', 'budget'];

/** What each event makes old. */
const touched: Readonly<Record<ServerEvent['event'], readonly RouteName[]>> = {
  served: [...store, 'mistakes', 'rollout'],
  store,
  rollout: ['status', 'rollout', 'differences', 'releases'],
  alarm: ['status', 'rollout', 'releases'],
  job: ['status'],
  feedback: ['status', 'feedback'],
};

const pause = 2000;

export function useLiveUpdates(): void {
  const client = useQueryClient();
  useEffect(() => {
    const ending = new AbortController();
    void listen(client, ending.signal);
    return () => ending.abort();
  }, [client]);
}

async function listen(client: QueryClient, signal: AbortSignal): Promise<void> {
  for (let first = true; !signal.aborted; first = false) {
    try {
      for await (const event of eventsAt<ServerEvent>(routes.events.path, signal)) {
        if (!first && event.event === 'served') await client.invalidateQueries();
        else take(client, event);
      }
    } catch {
      // The pages themselves say what the server refuses; here it is asked again.
    }
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

function take(client: QueryClient, { event, data }: ServerEvent): void {
  if (event === 'alarm') notifications.show({ title: 'Alarm', message: data.text, color: 'red', autoClose: false });
  const found = event === 'job' && data.kind === 'mistakes' && data.state === 'done';
  for (const name of found ? (['status', 'mistakes'] as const) : (touched[event] ?? []))
    void client.invalidateQueries({ queryKey: [name] });
}
