/** A repair as a small file: saved, described, applied elsewhere to the same bits, and undone. */
import { tensor } from '@editable/torch';
import {
  applyPatch,
  classification,
  describePatch,
  edit,
  editorNamed,
  hyperparameterValues,
  loadDataset,
  modelHash,
  normalizeImages,
  openRun,
  savePatch,
} from 'editable';

const { model, config } = openRun('runs/examples/plain');
const test = (await loadDataset('fashion-mnist')).split('test');
const pixels = normalizeImages([test.image(0)], config.shape, config.normalization);
const image = tensor(pixels, { shape: [1, ...config.shape] });
const target = { label: 5, className: config.classes[5], index: 0 };

const editor = editorNamed('rmsprop', { learningRate: 1e-3 });
const {
  model: edited,
  changed,
  steps,
  success,
} = edit(model, classification(image, target.label), { editor, layers: 'layer3' });
const file = 'runs/examples/sandal.safetensors';
savePatch(file, model, edited, changed, {
  editor: editor.name,
  hyperparameters: hyperparameterValues(editor),
  layers: 'layer3',
  steps,
  success,
  target,
});

// A reviewer reads what the patch is for without a model.
const { bytes, tensors, ...description } = describePatch(file);
console.log(`${file}: ${tensors.length} tensors, ${bytes} bytes, makes image 0 a ${description.target?.className}`);

// Whoever has the same base model gets the same repaired model; a patch of another model is refused.
const theirs = applyPatch(openRun('runs/examples/plain').model, file);
console.log(`applied: same bits ${modelHash(theirs.model) === modelHash(edited)}`);
try {
  applyPatch(edited, file);
} catch (error) {
  console.log(`refused: ${(error as Error).message}`);
}

// Undoing is using the base model, which no edit and no patch has touched.
console.log(`undone: ${modelHash(model) === description.baseHash}`);
