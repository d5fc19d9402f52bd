/** A release as a file: the tensors that differ from the base, and what it is of, in safetensors. Its name is its hash. */
import { encodeSafetensors, fromHost, type HostTensors, type nn, parseSafetensors, scope } from '@editable/torch';
import { fastLayout, modelHash, type RunConfig } from 'editable';
import { z } from 'zod';
import { WorkspaceError } from '../errors.js';
import { type Solver, solverSchema } from './events.js';
import type { StoreFiles } from './store-files.js';
import { hash } from './wish.js';

/** How one repair stands on a model. */
export interface RepairStanding {
  readonly repair: string;
  /** Its picture has its target. */
  readonly holds: boolean;
  /** Nats by which the target leads the next class; below 0 where it does not. */
  readonly lead: number;
  /** Unseen views of its picture that have the target. */
  readonly following: number;
  readonly unseenViews: number;
}

/** What a set of repairs does to everything else, and on which pictures that was measured. */
export interface Effect {
  readonly data: {
    readonly name: string;
    /** Pictures judged; repaired ones are not among them. */
    readonly images: number;
    /** Of labels and pixels. */
    readonly hash: string;
  };
  readonly errorBefore: number;
  readonly errorAfter: number;
  readonly drawdown: number;
  /** 95 %, over the pictures judged. */
  readonly drawdownInterval: readonly [low: number, high: number];
  /** Predictions that changed. */
  readonly flips: number;
  /** Right answers that turned wrong: positions in the test split. */
  readonly negativeFlips: readonly number[];
  /** Share of unseen views that follow, over all repairs; null where there are none. */
  readonly generality: number | null;
  readonly repairs: readonly RepairStanding[];
}

export interface Release {
  readonly base: string;
  readonly parent: string | null;
  /** Ascending. */
  readonly repairs: readonly string[];
  readonly solver: Solver;
  /** Names of the parameters that differ from the base's. */
  readonly changed: readonly string[];
  /** Hash of the repaired model. */
  readonly result: string;
  readonly effect: Effect;
  /** Of the solution. */
  readonly steps: number;
  readonly seconds: number;
  readonly by: string;
  readonly at: string;
  /** What it was made with. */
  readonly environment: { readonly node: string; readonly libtorch: string; readonly threads: number };
}

const standingSchema = z.strictObject({
  repair: hash,
  holds: z.boolean(),
  lead: z.number(),
  following: z.number().int().min(0),
  unseenViews: z.number().int().min(0),
});

const effectSchema = z.strictObject({
  data: z.strictObject({ name: z.string(), images: z.number().int().min(0), hash }),
  errorBefore: z.number(),
  errorAfter: z.number(),
  drawdown: z.number(),
  drawdownInterval: z.tuple([z.number(), z.number()]),
  flips: z.number().int().min(0),
  negativeFlips: z.array(z.number().int().min(0)),
  generality: z.number().nullable(),
  repairs: z.array(standingSchema),
});

const releaseSchema = z.strictObject({
  base: hash,
  parent: hash.nullable(),
  repairs: z.array(hash),
  solver: solverSchema,
  changed: z.array(z.string()),
  result: hash,
  effect: effectSchema,
  steps: z.number().int(),
  seconds: z.number(),
  by: z.string(),
  at: z.string(),
  environment: z.strictObject({ node: z.string(), libtorch: z.string(), threads: z.number().int() }),
});

const marks = [
  ['format', 'editable-release'],
  ['version', '1'],
] as const;

/** The values that differ from the base's to the bit: no more is needed to have the model again. */
export function changedTensors(base: nn.Model, repaired: nn.Model, names: readonly string[]): HostTensors {
  return new Map(
    [...names]
      .sort()
      .map((name) => [name, base.parameters.get(name)!.toHost(), repaired.parameters.get(name)!.toHost()] as const)
      .filter(([, before, after]) => Buffer.compare(before.bytes, after.bytes) !== 0)
      .map(([name, , after]) => [name, after] as const),
  );
}

export const encodeRelease = (release: Release, tensors: HostTensors): Uint8Array =>
  encodeSafetensors(tensors, new Map([...marks, ['release', JSON.stringify(release)]]));

/** A release of a store, checked against its name. @throws WorkspaceError DAMAGED_STORE */
export function readRelease(
  files: StoreFiles,
  id: string,
): { readonly release: Release; readonly tensors: HostTensors } {
  const { tensors, metadata } = parseSafetensors(files.release(id), files.releasePath(id));
  const parsed = releaseSchema.safeParse(JSON.parse(metadata.get('release') ?? 'null'));
  if (metadata.get('format') === 'editable-release' && parsed.success) return { release: parsed.data, tensors };
  throw new WorkspaceError('DAMAGED_STORE', `${files.releasePath(id)} is not a release that this version can read.`);
}

/** The base with the release's tensors. @throws WorkspaceError DAMAGED_STORE where that is not the model it was made for */
export function withTensors(
  base: nn.Model,
  tensors: HostTensors,
  { config, expected }: { readonly config: RunConfig; readonly expected: string },
): nn.Model {
  return scope(() => {
    const device = [...base.parameters.values()][0]?.device ?? 'cpu';
    const parameters = new Map([...tensors].map(([name, host]) => [name, fromHost(host, { device })]));
    const model = tensors.size === 0 ? base : fastLayout(config.model, base.with({ parameters }));
    if (modelHash(model) === expected) return model;
    throw new WorkspaceError(
      'DAMAGED_STORE',
      'the release’s tensors do not give the model that it was measured as: the base is another one, or damaged.',
    );
  });
}
