/**
 * torchvision's ResNet-18 as TorchScript, scripted and traced, beside what eager PyTorch makes of the same model: its
 * logits, its edits, the gradient of Editable Training. Skipped where Python has no torchvision.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fromHost, grad, manualSeed, nn, noGrad, randn, readSafetensors, scope, type Tensor } from '@editable/torch';
import {
  applyPatch,
  type Constraint,
  classification,
  createModel,
  edit,
  editableObjective,
  editorNamed,
  gradientDescent,
  imageClassification,
  JacobianCurvature,
  jacobianRows,
  kroneckerFactors,
  modelHash,
  natural,
  type Objective,
  polyak,
  savePatch,
  selectParameters,
} from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { relativeDifference, tolerances } from '../parity/fixtures.js';
import { hasTorchvision, python, why } from '../torchvision.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-torchscript-'));
afterAll(() => rmSync(folder, { recursive: true }));

let recorded: nn.NamedTensors = new Map();
beforeAll(() => {
  if (!hasTorchvision) return;
  execFileSync(python, [fileURLToPath(new URL('../parity/torchscript.py', import.meta.url)), folder]);
  const { tensors } = readSafetensors(join(folder, 'expected.safetensors'));
  recorded = new Map([...tensors].map(([name, host]) => [name, fromHost(host)]));
});

const expected = (name: string): Tensor => {
  const found = recorded.get(name);
  if (found === undefined) throw new Error(`torchscript.py recorded no ${name}`);
  return found;
};

const number = (name: string): number => expected(name).item();

const expectClose = (actual: Tensor, name: string): void =>
  expect(relativeDifference(actual, expected(name)), name).toBeLessThanOrEqual(tolerances.float32);

const editConstraint = (): Constraint =>
  classification(expected('edit.input'), number('edit.target'), { margin: number('margin') });

const leaves = (tensors: nn.NamedTensors): Map<string, Tensor> =>
  new Map([...tensors].map(([name, value]) => [name, value.detach().requiresGrad_()]));

const hyperparameters = (editor: string): Record<string, Tensor> =>
  Object.fromEntries(
    [...recorded].flatMap(([name, value]) =>
      name.startsWith(`${editor}.hyperparameter.`) ? [[name.split('.').at(-1), value.detach().requiresGrad_()]] : [],
    ),
  );

/** The objective of torchscript.py, by RMSProp. */
const objectiveOf = (model: nn.Model, theta: nn.NamedTensors, learned: Record<string, Tensor>): Objective =>
  editableObjective(
    imageClassification,
    model,
    theta,
    { input: expected('input'), target: expected('labels') },
    editConstraint(),
    {
      editor: editorNamed('rmsprop', learned),
      editable: selectParameters(model, 'layer3'),
      maxSteps: 3,
      cEdit: number('cEdit'),
      cLoc: number('cLoc'),
    },
  );

describe.skipIf(!hasTorchvision).each(['scripted', 'traced'])(`loadScriptModule of a %s ResNet-18${why}`, (kind) => {
  let model: nn.Model;
  beforeAll(() => {
    model = createModel({ kind: 'torchscript', file: `${kind}.pt` }, { folder });
  });

  it('has torchvision’s parameters and gives PyTorch’s logits', () => {
    expect(model.parameters.get('layer3.0.downsample.0.weight')?.shape).toEqual([256, 128, 1, 1]);
    expect([model.parameters.size, model.buffers.size]).toEqual([62, 60]);
    for (let run = 0; run < 3; run++)
      expectClose(
        noGrad(() => model.call(expected('input')).output),
        'logits',
      );
  });

  it.each(['gd', 'rmsprop'])('is edited by %s as PyTorch edits it', (name) => {
    const values = Object.entries(hyperparameters(name)).map(([key, value]) => [key, value.item()]);
    const editor = editorNamed(name, Object.fromEntries(values));
    const constraint = editConstraint();
    for (const maxSteps of [1, 2, 3]) {
      const result = edit(model, constraint, { editor, layers: 'layer3', maxSteps });
      expect([result.steps, result.loss > 0]).toEqual([maxSteps, true]);
      const loss = number(`${name}.loss.${maxSteps}`);
      expect(Math.abs(result.loss - loss) / loss).toBeLessThanOrEqual(tolerances.float32);
      if (maxSteps < 3) continue;
      expect(result.changed.every((parameter) => parameter.startsWith('layer3.'))).toBe(true);
      const stored = [...recorded.keys()].filter((key) => key.startsWith(`${name}.theta.`));
      expect(stored.length).toBe(6);
      for (const key of stored) expectClose(result.model.parameters.get(key.slice(name.length + 7)) as Tensor, key);
      expectClose(result.model.call(expected('input')).output, `${name}.logits`);
    }
    expectClose(model.call(expected('input')).output, 'logits');
  });

  it('gives PyTorch’s objective of Editable Training and its gradients', () => {
    const mode = kind === 'scripted' ? 'train' : 'eval'; // a trace has no train mode
    for (let run = 0; run < 2; run++) {
      scope(() => {
        const theta = leaves(model.parameters);
        const learned = hyperparameters('rmsprop');
        const objective = objectiveOf(model, theta, learned);
        for (const term of ['base', 'edit', 'locality', 'total'] as const)
          expectClose(objective[term], `objective.${mode}.${term}`);
        const names = ['conv1.weight', 'layer3.0.conv1.weight', 'fc.weight'];
        const inputs = [...names.map((name) => theta.get(name) as Tensor), ...Object.values(learned)];
        const found = grad(objective.total, inputs);
        const keys = [
          ...names.map((name) => `gradient.${name}`),
          ...Object.keys(learned).map((name) => `hypergradient.${name}`),
        ];
        for (const [i, key] of keys.entries()) expectClose(found[i] as Tensor, `objective.${mode}.${key}`);
      });
    }
  });

  it('is edited by natural through the Jacobian, on one layer', () => {
    const names = selectParameters(model, 'layer3.0.downsample.0');
    manualSeed(1);
    const control = randn([12, 3, 64, 64]);
    using curvature = new JacobianCurvature(jacobianRows(model, control.split(6), 12, { names, classes: 3 }), {
      base: { damping: 0.01 },
    });
    const constraint = classification(expected('edit.input'), number('edit.target'));
    const editor = natural({ curvature, overshoot: 0.1 }); // as far as Polyak's step aims
    const repair = edit(model, constraint, { editor, layers: names });
    expect(repair).toMatchObject({ success: true, changed: ['layer3.0.downsample.0.weight'] });
    expect(repair.steps).toBeGreaterThan(0);
    expect(nn.forward(repair.model, constraint.input).argmax({ dim: 1 }).item()).toBe(number('edit.target'));
    expectClose(model.call(expected('input')).output, 'logits');
    // Answers on the control inputs move less than by gradient descent with the same kind of step.
    const plain = edit(model, constraint, { editor: gradientDescent({ learningRate: polyak }), layers: names });
    expect(plain.success).toBe(true);
    const moved = (of: nn.Model): number =>
      noGrad(() => {
        const before = nn.forward(model, control).logSoftmax(1);
        return before
          .exp()
          .mul(before.sub(nn.forward(of, control).logSoftmax(1)))
          .sum()
          .item();
      });
    expect(moved(repair.model)).toBeLessThan(moved(plain.model) / 2);
  });

  it('has no Kronecker factors, and says so', () => {
    const names = selectParameters(model, 'fc');
    expect(() => kroneckerFactors(model, [expected('input')], { names, classes: 2 })).toThrow(
      /no Kronecker factors for fc\.weight, fc\.bias: .* outside TorchScript, .* use the Jacobian of control inputs/,
    );
  });

  it('trains: steps along the gradient reduce the objective, and the given model stays', () => {
    const before = modelHash(model);
    let current = model;
    const totals: number[] = [];
    for (let step = 0; step < 5; step++) {
      const next = scope(() => {
        const theta = leaves(current.parameters);
        const objective = objectiveOf(current, theta, {});
        totals.push(objective.total.item());
        const gradients = grad(objective.total, [...theta.values()]);
        const parameters = [...theta].map(
          ([name, value], i) => [name, value.detach().sub(gradients[i] as Tensor, { alpha: 1e-3 })] as const,
        );
        return current.with({ parameters: new Map(parameters), buffers: objective.buffers });
      });
      current = next;
    }
    expect(totals.at(-1)).toBeLessThan((totals[0] as number) * 0.9);
    expect(modelHash(model)).toBe(before);
  });

  it('is patched: the repair comes back to the bit', () => {
    const editor = editorNamed('rmsprop', { learningRate: 1e-3 });
    const repair = edit(model, classification(expected('edit.input'), number('edit.target')), {
      editor,
      layers: 'layer4',
    });
    expect(repair.success).toBe(true);
    const path = join(folder, 'patch.safetensors');
    savePatch(path, model, repair.model, repair.changed, {
      editor: 'rmsprop',
      hyperparameters: { learningRate: 1e-3 },
      layers: 'layer4',
      steps: repair.steps,
      success: repair.success,
    });
    expect(modelHash(applyPatch(model, path).model)).toBe(modelHash(repair.model));
  });
});
