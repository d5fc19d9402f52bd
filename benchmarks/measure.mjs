/** Times rows on three sides in turn (ours, PyTorch as it comes, PyTorch tuned), so that all meet the same machine. */
import { setImmediate as turn } from 'node:timers/promises';
import { synchronize } from '@editable/torch';

/**
 * Times the rows of one subject; returns `{ ours, pytorch, pytorchTuned }` by row name, medians in each row's unit.
 * Set-up and warm-up are outside the timing.
 */
export async function timeRows(rows, settings, { plain, tuned }, say) {
  const works = rows.map((row) => ({ row, params: row.parameters(settings), samples: [[], [], []] }));
  const prepared = [];
  for (const { row, params } of works) prepared.push(await row.prepare(params));
  const repeats = settings.quick ? 2 : Math.max(...rows.map((row) => row.repeats));
  for (const [i, { row }] of works.entries())
    for (let n = row.warmUps ?? 2; n > 0; n--) await milliseconds(prepared[i]);
  for (let done = 0; done < repeats; done++) {
    for (const [i, { row, params, samples }] of works.entries()) {
      const command = { cmd: 'run', row: row.pytorchRow ?? row.name, params };
      samples[0].push(await milliseconds(prepared[i]));
      samples[1].push(...(await plain.ask(command)).ms);
      samples[2].push(...(await tuned.ask(command)).ms);
      say(`${row.name}: ${done + 1} of ${repeats}`);
    }
    await turn();
  }
  for (const server of [plain, tuned]) await server.ask({ cmd: 'forget' });
  return new Map(
    works.map(({ row, samples }) => {
      const [ours, pytorch, pytorchTuned] = samples.map(median);
      return [row.name, { ours, pytorch, pytorchTuned }];
    }),
  );
}

async function milliseconds({ run, calls }) {
  synchronize();
  const start = performance.now();
  await run();
  synchronize();
  return (performance.now() - start) / calls;
}

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
