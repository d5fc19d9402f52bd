/** Run by memory.mjs in a process of its own: `node memory-process.mjs edits|training|photographs PARAMETERS`, answers one JSON line. */
import { readFileSync } from 'node:fs';
import { memory, resetPeakMemory, scope } from '@editable/torch';
import { edit, editorNamed } from 'editable';
import { epochs, openTrain } from './photographs.mjs';
import { trainingStep } from './training-step.mjs';
import { editorChoice, unreachable, untrainedNet } from './workload.mjs';

const device = 'cpu';

function overEdits({ width, edits }) {
  const model = untrainedNet({ width, device });
  const constraint = unreachable({ device });
  const editor = editorNamed(editorChoice.name, editorChoice.hyperparameters);
  const options = { editor, layers: editorChoice.layers, maxSteps: 1 };
  const make = (count) => {
    for (let i = 0; i < count; i++) scope(() => void edit(model, constraint, options));
  };
  make(edits / 10); // until every buffer that is made once is made
  const before = held();
  make(edits);
  return { before, after: held() };
}

const held = () => {
  const { bytes, tensors } = memory();
  return { bytes, tensors, resident: process.memoryUsage().rss };
};

function ofTraining({ width, batch, steps }) {
  const before = peakResident();
  const step = trainingStep({ width, batch, device, steps });
  step();
  resetPeakMemory();
  step();
  return { residentGrowth: peakResident() - before, peakBytes: memory().peakBytes };
}

// Not getrusage's: that begins with what the parent held when this process was forked.
const peakResident = () => Number(/VmHWM:\s*(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))[1]) * 1024;

/** The most memory while a twentieth of an epoch is read, and in the rest; seconds to read all once, to list them, and of the epoch. */
async function overPhotographs({ folder, images }) {
  const [batch, workers] = [64, 2];
  const seconds = async (work) => {
    const start = performance.now();
    await work();
    return (performance.now() - start) / 1000;
  };
  const opening = await seconds(() => openTrain(folder, workers));
  const listing = await seconds(() => openTrain(folder, workers));
  let [early, late] = [0, 0];
  const onBatch = (step) => {
    const { rss } = process.memoryUsage();
    if (step * batch < images / 20) early = Math.max(early, rss);
    else late = Math.max(late, rss);
  };
  const epoch = await seconds(await epochs(folder, { batch, workers, onBatch }));
  return { early, late, opening, listing, epoch, peak: peakResident() };
}

const measurements = { edits: overEdits, training: ofTraining, photographs: overPhotographs };
const [what, parameters] = process.argv.slice(2);
console.log(JSON.stringify(await measurements[what](JSON.parse(parameters))));
