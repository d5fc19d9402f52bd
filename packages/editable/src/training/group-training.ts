/** Where several processes that train together begin: at rank 0's checkpoint. */
import {
  broadcastInto,
  encodeSafetensors,
  exchange,
  fromHost,
  type ProcessGroup,
  parseSafetensors,
  scope,
  type Tree,
  tensor,
  zeros,
} from '@editable/torch';
import type { Trainer } from './trainer.js';

/**
 * Rank 0 reads the folder's checkpoint and hands it to the others, which need not see the folder. How many steps are done.
 *
 * @param load of rank 0: reads the checkpoint into the trainer
 */
export function continueTogether<Input extends Tree, State extends Tree>(
  group: ProcessGroup,
  trainer: Trainer<Input, State>,
  load: () => number,
): number {
  const done = group.rank === 0 ? load() : 0;
  const steps = Number(exchange(group, String(done))[0]);
  if (steps === 0) return 0;
  scope(() => {
    const own = group.rank === 0 ? stateBytes(trainer) : undefined;
    const length = Number(exchange(group, String(own?.length ?? 0))[0]);
    const bytes = own === undefined ? zeros([length], { dtype: 'uint8' }) : tensor(own);
    broadcastInto(group, [bytes]);
    if (own !== undefined) return;
    const { tensors } = parseSafetensors(bytes.data() as Uint8Array, "rank 0's checkpoint");
    trainer.load(new Map([...tensors].map(([name, host]) => [name, fromHost(host)])));
  });
  return steps;
}

const stateBytes = <Input extends Tree, State extends Tree>(trainer: Trainer<Input, State>): Uint8Array =>
  encodeSafetensors(new Map([...trainer.state()].map(([name, value]) => [name, value.toHost()])));
