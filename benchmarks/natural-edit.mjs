/** A natural edit, whole, to success, beside RMSProp's to success; and what the curvature behind it takes. */
import { nn, scope, tensor } from '@editable/torch';
import {
  ControlImages,
  classification,
  controlCurvature,
  createModel,
  edit,
  editorNamed,
  loadDataset,
  normalizeImages,
  randomTasks,
  selectParameters,
} from 'editable';
import { median } from './measure.mjs';
import { trainedNet } from './trained-net.mjs';

const layers = 'layer3';
const rmsprop = () => editorNamed('rmsprop', { learningRate: 1e-3, beta: 0.5 });

export const rows = [
  {
    name: 'natural-edit',
    title: "a natural edit of chain 3 to success, over RMSProp's to success on the same image",
    unit: 'x',
    goal: 1,
    async measure({ device, quick }) {
      const dataset = await loadDataset('fashion-mnist');
      const model = nn.channelsLast(trainedNet(dataset, { device, width: quick ? 4 : 16, steps: quick ? 60 : 400 }));
      const curvature = curvatureOf(model, dataset, { device, images: quick ? 50 : 500 });
      const editors = { natural: editorNamed('natural', {}, curvature), rmsprop: rmsprop() };
      const found = { natural: [], rmsprop: [] };
      const tasks = randomTasks(dataset.split('test'), { edits: quick ? 5 : 60, classes: 10, seed: 0 });
      for (const { index, target } of tasks) {
        for (const [name, editor] of Object.entries(editors)) {
          found[name].push(scope(() => timedEdit(model, inputOf(dataset, index, device), { target, editor })));
        }
      }
      // An image that has its label already is no edit.
      const edits = found.natural.map((_, i) => i).filter((i) => found.natural[i].steps > 0);
      const ms = (name) => median(edits.map((i) => found[name][i].ms));
      const steps = (name) => edits.reduce((sum, i) => sum + found[name][i].steps, 0) / edits.length;
      return {
        ours: ms('natural') / ms('rmsprop'),
        pytorch: null,
        holds: edits.every((i) => found.natural[i].success),
        naturalMs: ms('natural'),
        rmspropMs: ms('rmsprop'),
        naturalSteps: steps('natural'),
        rmspropSteps: steps('rmsprop'),
      };
    },
  },
  {
    name: 'curvature',
    title: 'curvature of chain 3 from 500 images',
    unit: 's',
    goal: 20,
    async measure({ device, quick, width }) {
      const dataset = await loadDataset('fashion-mnist');
      const spec = { kind: 'cifar-resnet18', width, inChannels: 1, classes: 10 };
      const model = scope(() => nn.channelsLast(createModel(spec, { device })));
      const started = performance.now();
      curvatureOf(model, dataset, { device, images: quick ? 50 : 500 });
      return { ours: (performance.now() - started) / 1000, pytorch: null };
    },
  },
];

const curvatureOf = (model, dataset, { device, images }) => {
  const { normalization } = dataset;
  const control = new ControlImages(dataset.split('train'), { normalization, device, images });
  return controlCurvature(model, control)(selectParameters(model, layers));
};

const inputOf = ({ shape, normalization, split }, index, device) =>
  tensor(normalizeImages([split('test').image(index)], shape, normalization), { shape: [1, ...shape], device });

function timedEdit(model, input, { target, editor }) {
  const started = performance.now();
  const { success, steps } = edit(model, classification(input, target), { editor, layers });
  return { success, steps, ms: performance.now() - started };
}
