/** The fixtures that record.py wrote, and how closely ours must agree with them. */
import { readFileSync } from 'node:fs';
import { type DType, fromHost, readSafetensors, type Tensor } from '@editable/torch';
import { expect } from 'vitest';

/** Largest allowed difference, relative to the recorded tensor's largest element. */
export const tolerances = { float32: 1e-4, float64: 1e-8 } as const;

export type Precision = keyof typeof tolerances;

/** Where the parity tests run: `cpu`, or `EDITABLE_TEST_DEVICE=cuda`. */
export const device = process.env.EDITABLE_TEST_DEVICE ?? 'cpu';

export interface Manifest {
  readonly resnet18: { readonly width: number };
  readonly editors: {
    readonly width: number;
    readonly margin: number;
    readonly editSteps: number;
    readonly objectiveSteps: number;
    readonly cEdit: number;
    readonly cLoc: number;
    readonly hyperparameters: Readonly<Record<string, Readonly<Record<string, number>>>>;
  };
  /** Of the natural editor. */
  readonly metric: { readonly classes: number; readonly damping: number };
  readonly curvature: { readonly numClasses: number; readonly margin: number; readonly editSteps: number };
}

const folder = new URL('./fixtures/', import.meta.url);

export const manifest: Manifest = JSON.parse(readFileSync(new URL('manifest.json', folder), 'utf8'));

export class Fixture {
  readonly #tensors: ReadonlyMap<string, Tensor>;
  readonly precision: Precision;

  constructor(name: string, precision: Precision) {
    this.precision = precision;
    const { tensors } = readSafetensors(new URL(`${name}-${precision}.safetensors`, folder).pathname);
    this.#tensors = new Map([...tensors].map(([key, host]) => [key, fromHost(host, { device })]));
  }

  get(name: string): Tensor {
    const found = this.#tensors.get(name);
    if (found === undefined) throw new Error(`no fixture ${name}`);
    return found;
  }

  /** Every tensor whose name starts with `prefix.`, without it. */
  under(prefix: string): Map<string, Tensor> {
    return new Map(
      [...this.#tensors].flatMap(([name, value]) =>
        name.startsWith(`${prefix}.`) ? [[name.slice(prefix.length + 1), value]] : [],
      ),
    );
  }

  expectClose(actual: Tensor, name: string): void {
    const wanted = this.get(name);
    expect(actual.shape, name).toEqual(wanted.shape);
    expect(relativeDifference(actual, wanted), `${name}, ${this.precision}`).toBeLessThanOrEqual(
      tolerances[this.precision],
    );
  }

  /** As many tensors as were recorded under `prefix`, each close. */
  expectAllClose(actual: ReadonlyMap<string, Tensor>, prefix: string): void {
    const wanted = this.under(prefix);
    expect(wanted.size, prefix).toBeGreaterThan(0);
    expect([...actual.keys()].sort(), prefix).toEqual([...wanted.keys()].sort());
    for (const [name, value] of actual) this.expectClose(value, `${prefix}.${name}`);
  }
}

export function relativeDifference(actual: Tensor, wanted: Tensor): number {
  const double: DType = 'float64';
  const scale = Math.max(wanted.to(double).abs().max().item(), 1e-12);
  return actual.detach().to(double).sub(wanted.to(double)).abs().max().item() / scale;
}
