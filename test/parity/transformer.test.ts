/**
 * The Transformer beside PyTorch's: a checkpoint as fairseq writes it, made by transformer.py with random weights, gives
 * the same logits, gradients of first and second order, and translations. Skipped where Python has no torch.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  cat,
  fromHost,
  grad,
  type HostTensor,
  type HostTensors,
  readSafetensors,
  readStateDict,
  scope,
  type Tensor,
} from '@editable/torch';
import {
  beamSearch,
  createTransformer,
  fairseqTokens,
  fairseqWeights,
  labelSmoothing,
  sizesOfWeights,
  type TransformerSpec,
  type TranslationModel,
  withWeights,
} from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { python } from '../torchvision.js';
import { type Precision, relativeDifference, tolerances } from './fixtures.js';

const hasTorch = spawnSync(python, ['-c', 'import torch']).status === 0;
const why = hasTorch ? '' : ` (skipped: ${python} has no torch; Debian: apt-get install python3-torch)`;
const folder = mkdtempSync(join(tmpdir(), 'editable-transformer-'));
afterAll(() => rmSync(folder, { recursive: true }));

const specOf = (weights: HostTensors): TransformerSpec => ({
  kind: 'transformer_iwslt_de_en',
  heads: 2,
  ...sizesOfWeights(weights, 'checkpoint'),
});

function loaded(file: string, precision: Precision = 'float32'): TranslationModel {
  const weights = fairseqWeights(readStateDict(join(folder, file)));
  const model = withWeights(createTransformer(specOf(weights)), weights, file);
  return model.with({
    parameters: new Map([...model.parameters].map(([name, value]) => [name, value.to(precision)])),
  });
}

describe.skipIf(!hasTorch)(`Transformer${why}`, () => {
  beforeAll(() => {
    execFileSync(python, [fileURLToPath(new URL('transformer.py', import.meta.url)), folder]);
  }, 60_000);

  const recordedIn = (precision: Precision): ((name: string) => Tensor) => {
    const { tensors } = readSafetensors(join(folder, `${precision}.safetensors`));
    return (name) => fromHost(tensors.get(name) as HostTensor);
  };

  it.each(['checkpoint.pt', 'later.pt'])('reads %s, of an older and a newer fairseq, as the same model', (file) => {
    const recorded = recordedIn('float32');
    const model = loaded(file);
    const logits = model.call({ source: recorded('source'), target: recorded('target') }).output;
    expect(relativeDifference(logits, recorded('logits'))).toBeLessThan(tolerances.float32);
  });

  it('tells the sizes that the tensors have', () => {
    expect(specOf(fairseqWeights(readStateDict(join(folder, 'checkpoint.pt'))))).toEqual({
      kind: 'transformer_iwslt_de_en',
      heads: 2,
      sourceVocabulary: 30,
      targetVocabulary: 32,
      dim: 16,
      feedForward: 24,
      encoderLayers: 2,
      decoderLayers: 2,
      tied: 'decoder',
    });
  });

  it.each(['float32', 'float64'] as const)('has the loss and the gradients of PyTorch in %s', (precision) =>
    scope(() => {
      const recorded = recordedIn(precision);
      const model = loaded('checkpoint.pt', precision);
      const names = [...model.parameters.keys()];
      const leaves = names.map((name) => (model.parameters.get(name) as Tensor).detach().requiresGrad_());
      const parameters = new Map(names.map((name, i) => [name, leaves[i] as Tensor]));
      const target = recorded('target');
      const { output } = model.call({ source: recorded('source'), target }, { parameters });
      const loss = labelSmoothing(output, target, { smoothing: 0.1, padding: fairseqTokens.padding }).sum;
      const close = (value: Tensor, name: string): void =>
        expect(relativeDifference(value, recorded(name)), name).toBeLessThan(tolerances[precision]);
      close(loss, 'loss');

      const gradients = new Map(grad(loss, leaves, { createGraph: true }).map((each, i) => [names[i] as string, each]));
      const edited = names.filter((name) => name.startsWith('decoder.layers.1.'));
      const norm = edited
        .map((name) => (gradients.get(name) as Tensor).square().sum())
        .reduce((sum, each) => sum.add(each));
      close(norm, 'norm');
      const second = new Map(grad(norm, leaves, { allowUnused: true }).map((each, i) => [names[i] as string, each]));
      for (const [kind, found] of Object.entries({ gradient: gradients, second })) {
        const ours = joined(found);
        expect(ours.size).toBe(found.size - 4 * 6); // three projections are one there: weight and bias of six attentions
        for (const [name, value] of ours) close(value, `${kind}.${name}`);
      }
    }),
  );

  it.each(['float32', 'float64'] as const)('translates as a plain beam search in PyTorch does, in %s', (precision) => {
    const model = loaded('checkpoint.pt', precision);
    const spec = specOf(fairseqWeights(readStateDict(join(folder, 'checkpoint.pt'))));
    const rows = recordedIn(precision)('source').tolist() as number[][];
    const sources = rows.map((row) => row.filter((token) => token !== fairseqTokens.padding));
    const recorded = JSON.parse(readFileSync(join(folder, 'beam.json'), 'utf8')) as Record<string, Recorded[][]>;
    expect(Object.keys(recorded)).toHaveLength(4);
    for (const [settings, wanted] of Object.entries(recorded)) {
      const [beam, maxLength, lengthPenalty] = JSON.parse(settings) as [number, number, number];
      const found = beamSearch(model, spec, sources, { beam, maxLength, lengthPenalty });
      expect(found.map((each) => each.map(({ tokens }) => tokens))).toEqual(
        wanted.map((each) => each.map(([, tokens]) => tokens)),
      );
      const digits = precision === 'float32' ? 4 : 9;
      for (const [i, translations] of found.entries()) {
        const own = wanted[i] as Recorded[];
        for (const [j, { score, tokenScores }] of translations.entries()) {
          const [total, , each] = own[j] as Recorded;
          expect(score).toBeCloseTo(total, digits);
          for (const [k, value] of tokenScores.entries()) expect(value).toBeCloseTo(each[k] as number, digits);
        }
      }
    }
  });
});

/** Score, tokens, and log p of each. */
type Recorded = readonly [number, readonly number[], readonly number[]];

/** The three projections of an attention as one again, as v0.8.0 has them. */
function joined(tensors: ReadonlyMap<string, Tensor>): ReadonlyMap<string, Tensor> {
  const found = new Map<string, Tensor>();
  for (const [name, value] of tensors) {
    const part = /^(.*_attn)\.[qkv]_proj\.(weight|bias)$/.exec(name);
    const own = part === null ? name : `${part[1]}.in_proj_${part[2]}`;
    const before = found.get(own);
    found.set(own, before === undefined ? value : cat([before, value]));
  }
  return found;
}
