/** The group that a launcher asked for, with what else the environment says of it. */
import { TorchError } from '../errors.js';
import { placeInGroup } from './launch-environment.js';
import { connectGroup, type GroupOptions, type ProcessGroup } from './process-group.js';

/**
 * Meets the processes that the launcher started with this one; nothing where it is alone. EDITABLE_GROUP_TIMEOUT and
 * EDITABLE_GROUP_LOST_AFTER, in seconds, stand for the options of these names.
 *
 * @throws TorchError INVALID_ENVIRONMENT, NO_PROCESS_GROUPS, GROUP_FAILED
 */
export async function groupOfEnvironment(options: GroupOptions = {}): Promise<ProcessGroup | undefined> {
  const place = placeInGroup();
  if (place === undefined) return undefined;
  const timeout = seconds('EDITABLE_GROUP_TIMEOUT');
  const lostAfter = seconds('EDITABLE_GROUP_LOST_AFTER');
  return connectGroup(place, {
    ...(timeout === undefined ? {} : { timeout }),
    ...(lostAfter === undefined ? {} : { lostAfter }),
    ...options,
  });
}

function seconds(name: string): number | undefined {
  const value = process.env[name];
  if (value === undefined) return undefined;
  const number = Number(value);
  if (number > 0 && number < 1e6) return number;
  throw new TorchError('INVALID_ENVIRONMENT', `${name}: expected a number of seconds above 0, received "${value}".`);
}
