/** Memory, each figure from a fresh process: flat over many edits; what ten editor steps hold beside one. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { madeFolder, writePhotographs } from './photograph-files.mjs';
import { startPytorch } from './pytorch.mjs';

export const rows = [
  {
    name: 'memory-edits',
    title: 'resident memory after many edits over before',
    unit: 'x',
    goal: 1.05,
    async measure({ width, quick }) {
      const { before, after } = inFreshProcess('edits', { width, edits: quick ? 100 : 1000 });
      const held = { bytesBefore: before.bytes, bytesAfter: after.bytes };
      const resident = { residentBefore: before.resident, residentAfter: after.resident };
      const same = before.bytes === after.bytes && before.tensors === after.tensors;
      return { ours: after.resident / before.resident, pytorch: null, holds: same, ...held, ...resident };
    },
  },
  {
    name: 'memory-editor-steps',
    title: 'peak memory of 10 editor steps over 1',
    unit: 'x',
    goal: 5, // well under 10 times
    async measure({ width, batch }) {
      const ours = [1, 10].map((steps) => inFreshProcess('training', { width, batch, steps }));
      const pytorch = [await pytorchPeak({ width, batch, steps: 1 }), await pytorchPeak({ width, batch, steps: 10 })];
      return {
        ours: ours[1].residentGrowth / ours[0].residentGrowth,
        pytorch: pytorch[1] / pytorch[0],
        residentGrowth: ours.map((each) => each.residentGrowth),
        peakTensorBytes: ours.map((each) => each.peakBytes),
        pytorchResidentGrowth: pytorch,
      };
    },
  },
  {
    name: 'memory-photographs',
    title: 'resident memory after an epoch of photographs over after a twentieth of it',
    unit: 'x',
    goal: 1.1,
    async measure({ quick }) {
      const images = quick ? 4000 : 100_000;
      const folder = madeFolder();
      await writePhotographs(folder, images, { width: 160, height: 120 });
      const { early, late, ...times } = inFreshProcess('photographs', { folder, images });
      return { ours: late / early, pytorch: null, images, residentEarly: early, residentLate: late, ...times };
    },
  },
];

function inFreshProcess(what, parameters) {
  const script = fileURLToPath(new URL('./memory-process.mjs', import.meta.url));
  const options = { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] };
  const { status, stdout } = spawnSync(process.execPath, [script, what, JSON.stringify(parameters)], options);
  if (status !== 0) throw new Error(`the memory measurement "${what}" failed; its message is above.`);
  return JSON.parse(stdout);
}

/** How far two steps of editable training raise PyTorch's resident memory, in bytes. */
async function pytorchPeak(params) {
  const server = startPytorch();
  try {
    const { peak: before } = await server.ask({ cmd: 'memory' });
    await server.ask({ cmd: 'run', row: 'editable-train-step', params, repeats: 1 });
    const { peak: after } = await server.ask({ cmd: 'memory' });
    return after - before;
  } finally {
    server.stop();
  }
}
