/** Repairs of a translation model: a source must be translated to its target, which no alternative may beat (section 4.4). */
import { mapTree, scope } from '@editable/torch';
import type { Constraint } from '../../editing/constraint.js';
import { type SequenceDemand, sequence, sequences } from '../../editing/constraints/sequence.js';
import type { CurvatureOf } from '../../editing/curvature/curvature.js';
import { type EditResult, edit } from '../../editing/edit.js';
import type { Editor } from '../../editing/editor.js';
import { type EditorChoice, editorOf } from '../../editing/editor-choice.js';
import { type EditTogetherOptions, editTogether } from '../../editing/together/edit-together.js';
import {
  fairseqTokens,
  type TokenPair,
  type TranslationModel,
  type TranslationState,
} from '../../models/transformer/index.js';
import { modelHash } from '../../patches/model-hash.js';
import { beamSearch } from '../../translation/beam-search.js';
import type { Sentence } from '../../translation/source-batches.js';
import type { Translator } from '../../translation/translate.js';
import { canonicalTranslationChoice } from './translation-editor.js';

export type TranslationEdit = Pick<
  EditResult<TokenPair, TranslationState>,
  'model' | 'success' | 'steps' | 'loss' | 'changed'
>;

export interface RepairOptions {
  /**
   * How often a beam search of the edited model may find translations that still beat the target, which are then
   * alternatives, too, and the edit is made again from the start; default 0: alternatives stay as they are.
   */
  readonly rounds?: number;
}

/** Beam of the search for what still beats a target. */
const searchBeam = 5;

/** Edits of one model: the constraint against the fixed baseline's beam, solved by one editor on the layers it may change. */
export class TranslationRepairer {
  /** What its repairs depend on, as JSON. */
  readonly identity: Readonly<Record<string, unknown>>;
  readonly #translator: Translator;
  readonly #choice: EditorChoice;
  readonly #editor: Editor;

  /** @throws EditableError UNKNOWN_LAYER; NO_CURVATURE where the natural editor is asked for layers without a rule */
  constructor(translator: Translator, choice: EditorChoice, curvature?: CurvatureOf) {
    this.#translator = translator;
    this.#choice = canonicalTranslationChoice(choice);
    this.#editor = editorOf(this.#choice, translator.model, curvature);
    const metric = this.#editor.curvature?.identity;
    this.identity = {
      model: modelHash(translator.model),
      editor: this.#choice,
      ...(metric === undefined ? {} : { curvature: metric }),
    };
  }

  /**
   * Makes the demands hold: the first is the repair itself, the others are noised forms of its source. `success` is the
   * first's alone. @throws EditableError INVALID_ARGUMENT where a target has no alternative
   */
  repair(demands: readonly SequenceDemand[], { rounds = 0 }: RepairOptions = {}): TranslationEdit {
    let wanted = demands;
    for (let round = 0; ; round++) {
      const last = round === rounds;
      const result = this.#solve(wanted, last ? undefined : 'no');
      if (last || !result.success) return result;
      const more = this.unbeaten(result.model, wanted);
      if (more === wanted) return this.#settled(wanted, result);
      wanted = more;
    }
  }

  /** Many repairs in force together, by an editor with a curvature. `start`: go on from the solution of a part of them. */
  together(
    demands: readonly SequenceDemand[],
    {
      start = this.#translator.model,
      settling,
    }: Pick<EditTogetherOptions<TokenPair, TranslationState>, 'start' | 'settling'> = {},
  ): ReturnType<typeof editTogether<TokenPair, TranslationState>> {
    return scope(() =>
      editTogether<TokenPair, TranslationState>(
        this.#translator.model,
        demands.map((demand) => this.#constraint(demand)),
        {
          editor: this.#editor,
          maxSteps: this.#choice.maxSteps,
          start,
          ...(settling === undefined ? {} : { settling }),
        },
      ),
    );
  }

  /** Its repairs settle. */
  get settles(): boolean {
    return this.#editor.curvature?.settling !== undefined;
  }

  /** The demands with the alternatives that the model now prefers to their targets; the same list where there are none. */
  unbeaten(model: TranslationModel, demands: readonly SequenceDemand[]): readonly SequenceDemand[] {
    const found = beamSearch(
      model,
      this.#translator.spec,
      demands.map(({ source }) => source),
      { beam: searchBeam },
    );
    let grown = false;
    const next = demands.map((demand, i) => {
      const known = new Set([demand.target, ...demand.alternatives].map((each) => each.join()));
      const [best] = found[i] as readonly { readonly tokens: Sentence }[];
      if (best === undefined || known.has(best.tokens.join())) return demand;
      grown = true;
      const fresh = (found[i] ?? []).map(({ tokens }) => tokens).filter((tokens) => !known.has(tokens.join()));
      return { ...demand, alternatives: [...demand.alternatives, ...fresh] };
    });
    return grown ? next : demands;
  }

  /** What was solved without it. */
  #settled(demands: readonly SequenceDemand[], result: TranslationEdit): TranslationEdit {
    if (!this.settles || result.steps === 0) return result;
    const { model, changed } = this.together(demands, { start: result.model, settling: 'anyway' });
    return { ...result, model, changed };
  }

  #solve(demands: readonly SequenceDemand[], settling?: 'no'): TranslationEdit {
    const { layers, maxSteps } = this.#choice;
    return scope(() => {
      const { model } = this.#translator;
      if (this.#editor.curvature === undefined) {
        const constraint = this.#placed(sequences(demands, this.#options));
        return edit<TokenPair, TranslationState>(model, constraint, { editor: this.#editor, layers, maxSteps });
      }
      const { held, losses, ...result } = this.together(demands, settling === undefined ? {} : { settling });
      return { ...result, success: held[0] as boolean, loss: losses[0] as number };
    });
  }

  #constraint({ alternatives, ...pair }: SequenceDemand): Constraint<TokenPair> {
    return this.#placed(sequence(pair, alternatives, this.#options));
  }

  get #options(): { readonly margin: number; readonly padding: number } {
    const { padding } = this.#translator.spec.special ?? fairseqTokens;
    return { margin: this.#choice.margin ?? 0, padding };
  }

  /** On the model's device. */
  #placed(made: Constraint<TokenPair>): Constraint<TokenPair> {
    const device = this.#translator.model.parameters.values().next().value?.device ?? 'cpu';
    return device === 'cpu' ? made : { ...made, input: mapTree(made.input, (leaf) => leaf.to(device)) };
  }
}
