/** Meets the others, adds up, and does what it is told. */
import { writeFileSync } from 'node:fs';
import { agree, averageInBuckets, connectGroup, type GroupOptions, placeInGroup, tensor } from '@editable/torch';

interface Plan {
  readonly options?: GroupOptions;
  /** Of rank 1: the settings that it says it has. */
  readonly settings?: string;
  /** How often numbers are added up, and how many bytes they have. */
  readonly times?: number;
  readonly bytes?: number;
  /** Milliseconds that rank 1 does nothing for, in between. */
  readonly sleep?: number;
  /** A file that rank 0 makes when all have met. */
  readonly met?: string;
  /** The numbers of processes that are not ours are not agreed on. */
  readonly withPyTorch?: boolean;
}

const plan = JSON.parse(process.argv[2] as string) as Plan;

try {
  const place = placeInGroup();
  if (place === undefined) {
    console.log(JSON.stringify({ alone: true }));
  } else {
    const group = await connectGroup(place, { timeout: 20, ...plan.options, withPyTorch: plan.withPyTorch ?? false });
    if (plan.met !== undefined && group.rank === 0) writeFileSync(plan.met, '');
    const settings = group.rank === 1 ? (plan.settings ?? 'same') : 'same';
    if (!plan.withPyTorch) agree(group, { data: 'same', settings });
    const { times = 1, bytes = 32 } = plan;
    const values = tensor(new Float64Array(bytes / 8).fill(group.rank + 1));
    if (plan.sleep !== undefined && group.rank === 1) await new Promise((done) => setTimeout(done, plan.sleep));
    let [mean = values] = averageInBuckets(group, [values]);
    for (let i = 1; i < times; i++) [mean = values] = averageInBuckets(group, [values]);
    const greatest = values.clone();
    group.allReduce(greatest, 'max');
    const told = tensor([group.rank]);
    group.broadcast(told, 1);
    const all = group.allGather(tensor([group.rank, 7])).map((each) => each.tolist());
    group.barrier();
    const bytesSent = group.bytesSent;
    group.finish();
    console.log(
      JSON.stringify({
        rank: group.rank,
        mean: mean.data()[0],
        greatest: greatest.data()[0],
        told: told.item(),
        all,
        bytesSent,
      }),
    );
  }
} catch (error) {
  const { code, message } = error as { code?: string; message: string };
  console.error(`${code}: ${message}`);
  process.exitCode = 1;
}
