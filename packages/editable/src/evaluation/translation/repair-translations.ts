/** Many repairs of one translation model that stay in force together: one after another, or all at once from the base. */
import { setImmediate as turn } from 'node:timers/promises';
import type { TextPair } from '../../data/parallel-corpus.js';
import type { SequenceDemand } from '../../editing/constraints/sequence.js';
import type { CurvatureOf } from '../../editing/curvature/curvature.js';
import type { EditorChoice } from '../../editing/editor-choice.js';
import { selectParameters } from '../../editing/layers.js';
import { EditableError } from '../../errors.js';
import type { TranslationModel } from '../../models/transformer/index.js';
import { beamSearch, usualAlternatives } from '../../translation/beam-search.js';
import type { SentencePair } from '../../translation/scoring.js';
import type { Translator } from '../../translation/translate.js';
import { exactBleuChange } from './bleu-change.js';
import { TranslationRepairer } from './translation-repairer.js';
import { alternativesOf } from './translation-tasks.js';
import { TranslationTestSet } from './translation-test-set.js';

export interface RepairTranslationsOptions {
  /** `natural`; its `maxSteps` are for each solution. */
  readonly editor: EditorChoice;
  readonly curvature: CurvatureOf;
  /** Test sentences that the repaired model is judged on; leave out those that are repaired. */
  readonly judged: readonly TextPair[];
  /** One solution for the whole set, from the base. */
  readonly atOnce?: boolean;
  /** Of the base's beam; default 32. */
  readonly alternatives?: number;
  /** How often what beam search still prefers to a target becomes an alternative; default 5. */
  readonly rounds?: number;
  readonly beam?: number;
  /** After each solution: repairs done, of how many. */
  readonly onRepair?: (done: number, total: number) => void;
}

export interface RepairedTranslation {
  /** Its constraint holds in the end. */
  readonly held: boolean;
  /** The repaired model's beam search gives its target. */
  readonly best: boolean;
  /** Of the solutions that it came with; at once, all have the same. */
  readonly steps: number;
}

export interface RepairedTranslations {
  readonly model: TranslationModel;
  readonly changed: readonly string[];
  /** In the order of the demands. */
  readonly repairs: readonly RepairedTranslation[];
  readonly bleuBefore: number;
  readonly bleuAfter: number;
  /** Share of the judged sentences whose translation is another. */
  readonly changedSentences: number;
  readonly sentences: number;
  readonly seconds: number;
}

/** @throws EditableError INVALID_ARGUMENT for no repairs, or an editor that does not hold repairs together */
export async function repairTranslations(
  translator: Translator,
  pairs: readonly SentencePair[],
  options: RepairTranslationsOptions,
): Promise<RepairedTranslations> {
  const started = performance.now();
  const { editor, curvature, judged, atOnce = false, rounds = 5, beam = 5, onRepair } = options;
  const { alternatives = usualAlternatives(translator.spec) } = options;
  if (editor.name !== 'natural' || pairs.length === 0) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `repairTranslations: expected the natural editor and at least one repair, received ${editor.name} and ${pairs.length}.`,
    );
  }
  const { model: base } = translator;
  const repairer = new TranslationRepairer(translator, editor, curvature);
  const found = alternativesOf(
    translator,
    pairs.map(({ source }) => source),
    alternatives,
  );
  const demands = pairs.map((pair, i) => ({ ...pair, alternatives: found[i] ?? [] }));
  const solver = new Solver(repairer, base, rounds);
  const steps: number[] = [];
  for (const group of atOnce ? [demands] : demands.map((each) => [each])) {
    const taken = solver.add(group);
    for (const _ of group) steps.push(taken);
    onRepair?.(steps.length, pairs.length);
    await turn();
  }
  solver.settle();
  const { model, changed, held } = solver;
  const best = beamSearch(
    model,
    translator.spec,
    pairs.map(({ source }) => source),
    { beam },
  );
  using test = new TranslationTestSet(translator, judged, { beam, edited: selectParameters(base, editor.layers) });
  const change = changed.length === 0 ? { bleuAfter: test.bleu, changed: 0 } : exactBleuChange(test, model);
  return {
    model,
    changed,
    repairs: pairs.map(({ target }, i) => ({
      held: held(i),
      best: best[i]?.[0]?.tokens.join() === target.join(),
      steps: steps[i] as number,
    })),
    bleuBefore: test.bleu,
    bleuAfter: change.bleuAfter,
    changedSentences: change.changed,
    sentences: judged.length,
    seconds: (performance.now() - started) / 1000,
  };
}

/** A set that grows: solved again with each repair, from where the set before it left the model. It settles at its end. */
class Solver {
  model: TranslationModel;
  changed: readonly string[] = [];
  readonly #repairer: TranslationRepairer;
  readonly #rounds: number;
  #demands: readonly SequenceDemand[] = [];
  #held: readonly boolean[] = [];

  constructor(repairer: TranslationRepairer, base: TranslationModel, rounds: number) {
    this.#repairer = repairer;
    this.model = base;
    this.#rounds = rounds;
  }

  readonly held = (at: number): boolean => this.#held[at] as boolean;

  /** Steps that it took. */
  add(more: readonly SequenceDemand[]): number {
    this.#demands = [...this.#demands, ...more];
    let steps = 0;
    for (let round = 0; ; round++) {
      const before = this.model;
      const result = this.#repairer.together(this.#demands, { start: before, settling: 'no' });
      steps += result.steps;
      this.model = result.model;
      this.changed = result.changed.length > 0 ? result.changed : this.changed;
      this.#held = result.held;
      if (round === this.#rounds) return steps;
      const next = this.#repairer.unbeaten(this.model, this.#demands);
      if (next === this.#demands) return steps;
      this.#demands = next;
    }
  }

  /** Less harm, by the repairs that hold: see `Settling`. */
  settle(): void {
    const inForce = this.#demands.filter((_, i) => this.held(i));
    if (!this.#repairer.settles || this.changed.length === 0 || inForce.length === 0) return;
    this.model = this.#repairer.together(inForce, { start: this.model, settling: 'anyway' }).model;
  }
}
