/** Why a group ended, as one sentence: the addon's watch tells it in short codes. */
import type { PlaceInGroup } from './launch-environment.js';
import { shorten } from './store.js';

export interface GroupNames {
  readonly place: PlaceInGroup;
  /** Machine and process of each rank. */
  readonly peers: readonly string[];
  /** Seconds. */
  readonly timeout: number;
  readonly lostAfter: number;
}

/** @param message as the addon threw it */
export function describeFailure(message: string, { place, peers, timeout, lostAfter }: GroupNames): string {
  const named = (rank: string): string => {
    const where = peers[Number(rank)];
    return `rank ${rank}${where === undefined ? '' : ` (${where})`}`;
  };
  const text = message.replace(/^verdict /, '');
  const [code = '', rank = ''] = text.split(':', 2);
  const again = 'Start all processes again; a training goes on from its last checkpoint';
  if (message.startsWith('verdict ')) {
    if (code === 'lost')
      return `${named(rank)} of ${place.worldSize} processes is lost: nothing was heard from it for up to ${lostAfter} s. ${again}.`;
    if (code === 'slow')
      return `${named(rank)} of ${place.worldSize} processes is too slow: the others waited ${timeout} s for it. ${again}, or allow more time.`;
    if (code === 'failed') return `${named(rank)} ended: ${text.slice(`failed:${rank}:`.length)}`;
    return `${keeperOf(place, peers)} is lost, and with it the store by which ${place.worldSize} processes find each other. ${again}.`;
  }
  if (message === 'timed out')
    return `the processes of the group did not come together within ${timeout} s. ${again}, or allow more time.`;
  return `a connection of the group broke: ${shorten(message.replace(/\s+/g, ' '))}. ${again}.`;
}

function keeperOf({ host, port, launcher }: PlaceInGroup, peers: readonly string[]): string {
  if (launcher === 'torchrun') return `the launcher at ${host}:${port}`;
  return `rank 0 (${peers[0] ?? `${host}:${port}`})`;
}
