/**
 * The demo: the paper's editor and the natural one on a plain network, Editable Training beside its control, one real
 * mistake repaired, then ten in a row; one report. Killed, it continues.
 */
import { join } from 'node:path';
import { writeFileAtomically } from '@editable/torch';
import {
  agreedMistakes,
  curvatureOf,
  type EvaluationDocument,
  type EvaluationResult,
  earlierTuning,
  evaluateRun,
  type JudgedMistake,
  type JudgedMistakes,
  metricsOf,
  type OpenedModel,
  type Repair,
  type RepairDocument,
  repair,
  type TrainingResult,
  type TuningSettings,
  testPicture,
  train,
  tuneRun,
  usableDevice,
} from '@editable/workspace';
import {
  type CurvatureOf,
  canonicalChoice,
  createRun,
  defaultTraining,
  type EditorChoice,
  grownFrom,
  type ImageDataset,
  loadDataset,
  makeRunFolder,
  type RepairedSet,
  type Run,
  repairMany,
  runConfig,
  stream,
  type TrainingSettings,
} from 'editable';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { count, duration, percent, plural } from '../console/numbers.js';
import { table } from '../console/table.js';
import { UsageError } from '../errors.js';
import { type MeasuredRow, renderReport } from '../html/report.js';
import type { DataFlags, DeviceFlags, OutputFlags, SeedFlags } from '../options/shared.js';
import { describeEditor, describeLayers } from '../report/editor-text.js';
import { environment } from '../report/environment.js';
import { sampling } from '../report/evaluation-text.js';
import { describePicture, describeRepair } from '../report/repair-text.js';
import { type Table3Row, table3Cells, table3Head, table3Numbers } from '../report/table-3.js';
import { measureInBackground, useOneThread, useTwoThreads } from './background.js';
import { type DemoSettings, demoSettings } from './settings.js';

export interface DemoFlags extends SeedFlags, DeviceFlags, DataFlags, OutputFlags {
  readonly out: string;
}

/** The rows of the demo's table: a model and an editor. */
export const demoRows = ['paper', 'natural', 'naturalViews', 'control', 'editable'] as const;
export type DemoRow = (typeof demoRows)[number];

export interface DemoDocument {
  readonly rows: Readonly<Record<DemoRow, EvaluationDocument>>;
  /** One real mistake, repaired on the plain network by the natural editor. */
  readonly repair: RepairDocument & { readonly index: number };
  /** Real mistakes repaired in a row on the plain network, all of them held together. */
  readonly repairs: RepairsDocument;
  /** Test images whose label may well be wrong: they are repaired nowhere. */
  readonly suspects: readonly JudgedMistake[];
  readonly seed: number;
  readonly report: string;
  /** Of this call. */
  readonly seconds: number;
}

/** Ten repairs in a row, and what they cost. */
export type RepairsDocument = Omit<RepairedSet, 'model'>;

export async function runDemo(
  flags: DemoFlags,
  console: Console,
  settings: DemoSettings = demoSettings,
): Promise<DemoDocument> {
  const started = performance.now();
  const { out, seed } = flags;
  const device = usableDevice(flags.device);
  const dataset = await loadDataset(settings.dataset, { dataDir: flags.dataDir });
  makeRunFolder(out);
  const stage = new DemoStage({ dataset, settings, device, seed, dataDir: flags.dataDir, console });
  const folder = (name: string): string => join(out, name);
  useTwoThreads();
  const plain = await stage.train('plain', folder('plain'), settings.plain, 'plain training');
  useOneThread();
  const control = stage.untrainedExtra(plain.run, folder('control'));
  const background = stage.measureInBackground(plain.run, control);
  // Where it fails while this process trains, the failure is told below.
  background.catch(() => {});
  const editableChanges = { ...settings.editable, from: folder('plain') };
  const editable = await stage.train('editable', folder('editable'), editableChanges, 'Editable Training');
  const onExtra = await stage.tuned('editable', editable.run);
  const [paper, natural, naturalViews, untrained] = await background;
  useTwoThreads();
  const on = plain.run;
  const rows: Readonly<Record<DemoRow, MeasuredRow>> = {
    paper: { ...(await stage.tuned('plain', on, paper)), procedure: 'Plain' },
    natural: { ...(await stage.natural(on, 0, natural)), procedure: 'Plain' },
    naturalViews: { ...(await stage.natural(on, settings.natural.views, naturalViews)), procedure: 'Plain' },
    control: { ...(await stage.tuned('editable', control, untrained)), procedure: 'Plain, with an extra layer' },
    editable: { ...onExtra, procedure: 'Editable Training of the extra layer' },
  };
  const cells = demoRows.map((row) => table3Cells(tableRow(rows[row])));
  console.print(`\n${table(cells, { head: table3Head, right: table3Numbers })}\n`);
  const mistakes = stage.mistakes(on);
  const repaired = await stage.repair(on, mistakes, join(out, 'repair.safetensors'));
  const repairs = await stage.repairInARow(on, mistakes);
  const seconds = (performance.now() - started) / 1000;
  const report = join(out, 'report.html');
  const html = await renderReport({
    dataset,
    rows: demoRows.map((row) => rows[row]),
    training: { plain: metricsOf(folder('plain')), editable: metricsOf(folder('editable')) },
    repair: repaired.repair,
    picture: repaired.picture,
    repairs,
    mistakes,
    environment: environment(),
    settings: { seed, width: settings.width },
    seconds,
  });
  writeFileAtomically(report, html);
  console.print(`\nruns in ${out} · report ${report} · ${duration(seconds)}`);
  console.print(`Go on in a browser: npx editable serve ${join(out, 'plain')}`);
  const document = (row: DemoRow): EvaluationDocument => rows[row].evaluation.document;
  return {
    rows: {
      paper: document('paper'),
      natural: document('natural'),
      naturalViews: document('naturalViews'),
      control: document('control'),
      editable: document('editable'),
    },
    repair: { ...repaired.repair.document, index: repaired.picture.index as number },
    repairs,
    suspects: mistakes.suspect,
    seed,
    report,
    seconds,
  };
}

const tableRow = ({ procedure, evaluation }: MeasuredRow): Table3Row => ({
  procedure,
  evaluation: evaluation.document,
});

interface StageOptions {
  readonly dataset: ImageDataset;
  readonly settings: DemoSettings;
  readonly device: OpenedModel['device'];
  readonly seed: number;
  readonly dataDir: string | undefined;
  readonly console: Console;
}

class DemoStage {
  readonly #options: StageOptions;

  constructor(options: StageOptions) {
    this.#options = options;
  }

  train(
    which: keyof DemoSettings['tuning'],
    folder: string,
    changes: Partial<TrainingSettings>,
    label: string,
  ): Promise<TrainingResult> {
    const { dataset, settings, device, seed, console } = this.#options;
    const spec = {
      kind: 'cifar-resnet18',
      width: settings.width,
      inChannels: dataset.shape[0],
      classes: dataset.classes.length,
      ...(which === 'editable' ? { extra: settings.extra } : {}),
    } as const;
    const config = runConfig(dataset, spec, { ...defaultTraining, ...changes, seed });
    const epochs = config.training?.epochs;
    console.print(`${label}: ${epochs} epochs, ResNet-18 of width ${settings.width} on ${dataset.name}`);
    return shown(console, (job) => train({ folder, config, dataset, device }, job), { training: label });
  }

  /** The plain network with an extra layer that nothing has trained: what the layer alone brings (the control). */
  untrainedExtra(plain: Run, folder: string): Run {
    const { settings, device } = this.#options;
    const { model: spec, ...config } = plain.config;
    if (spec.kind === 'torchscript') throw new UsageError('demo: expected a network that is built here.');
    const model = { ...spec, extra: settings.extra };
    return createRun(folder, { ...config, model }, grownFrom(plain.model, model, { device }));
  }

  /** Seconds of each evaluation of the plain run and of the control, once another process has made them. */
  async measureInBackground(plain: Run, control: Run): Promise<readonly number[]> {
    const { settings, device, dataDir } = this.#options;
    const { edits, testImages, precision } = settings;
    const { layers, views } = settings.natural;
    const natural = ['--editor', 'natural', '--layers', layers];
    const evaluations = [natural, [...natural, '--views', String(views)]];
    return measureInBackground(
      [
        { folder: plain.folder, tuning: this.#tuning('plain'), evaluations },
        { folder: control.folder, tuning: this.#tuning('editable'), evaluations: [] },
      ],
      { edits, testImages: testImages ?? undefined, precision, dataDir, device },
    );
  }

  /** Tunes and evaluates, or finds it done already; `seconds` then says how long that took. */
  async tuned(which: keyof DemoSettings['tuning'], run: Run, seconds?: number): Promise<Measured> {
    const { console } = this.#options;
    const opened = this.#opened(run);
    const tuning =
      earlierTuning(run.folder, this.#tuning(which)) ??
      (await shown(console, (job) => tuneRun(opened, this.#tuning(which), job), { trial: 'tuning the editor' }));
    console.print(`${run.folder}: tuned on validation images in ${duration(tuning.seconds)}`);
    return { evaluation: await this.#evaluate(run, tuning.best.editor, seconds), trials: tuning.trials.length };
  }

  /** The natural editor as it is. */
  async natural(run: Run, views: number, seconds?: number): Promise<Measured> {
    return { evaluation: await this.#evaluate(run, this.#naturalEditor(views), seconds), trials: 0 };
  }

  mistakes(run: Run): JudgedMistakes {
    const { dataset, device, console } = this.#options;
    const { normalization } = run.config;
    const found = agreedMistakes(run.model, dataset, { normalization, device });
    console.print(
      `${plural(found.count, 'mistake')} on the test images: at ${found.agreed.length} the nearest training images agree with the label, ${found.suspect.length} are suspected label errors and set apart`,
    );
    if (found.agreed.length === 0)
      throw new UsageError('demo: the model makes no mistake that could be repaired; try another --seed.');
    return found;
  }

  async repair(
    run: Run,
    { agreed: [mistake] }: JudgedMistakes,
    out: string,
  ): Promise<{ repair: Repair; picture: ReturnType<typeof testPicture> }> {
    const { dataset, seed, settings, console } = this.#options;
    const picture = testPicture((mistake as JudgedMistake).index, dataset);
    const repaired = await repair(this.#opened(run), {
      picture,
      target: (mistake as JudgedMistake).label,
      editor: this.#naturalEditor(settings.natural.views),
      curvature: this.#curvatureOf(run),
      testImages: settings.testImages ?? undefined,
      seed,
      out,
    });
    const { classes } = run.config;
    console.print(`A real mistake: ${describePicture(picture, classes)}\n${describeRepair(repaired, classes)}`);
    return { repair: repaired, picture };
  }

  /** Mistakes drawn at random one after another, each solved together with those before it. */
  async repairInARow(run: Run, { agreed }: JudgedMistakes): Promise<RepairsDocument> {
    const { dataset, device, seed, settings, console } = this.#options;
    const { normalization } = run.config;
    const drawn = stream(seed, 'demo-repairs').permutation(agreed.length).slice(0, settings.repairs);
    const tasks = Array.from(drawn, (at) => agreed[at] as JudgedMistake).map(({ index, label }) => ({
      index,
      target: label,
    }));
    const { model, ...repairs } = await repairMany(run.model, dataset, {
      tasks,
      editor: this.#naturalEditor(0),
      testImages: settings.testImages ?? undefined,
      seed,
      normalization,
      device,
      curvature: this.#curvatureOf(run),
    });
    const held = Math.round(repairs.inForce * repairs.repairs);
    console.print(
      `${plural(repairs.repairs, 'repair')} in a row: ${held} in force, error on the other test images ${percent(repairs.errorBefore)} → ${percent(repairs.errorAfter)}, ${repairs.negativeFlips} right answers turned wrong`,
    );
    return repairs;
  }

  async #evaluate(run: Run, editor: EditorChoice, seconds?: number): Promise<EvaluationResult> {
    const { seed, settings, console } = this.#options;
    const { edits, testImages, precision } = settings;
    const curvature = this.#curvatureOf(run);
    const sample = { edits, testImages: testImages ?? undefined, precision, seed, targets: 'random' } as const;
    const evaluationSettings = { editor, curvature, ...sample };
    const evaluated = await shown(console, (job) => evaluateRun(this.#opened(run), evaluationSettings, job));
    const document = { ...evaluated.document, seconds: seconds ?? evaluated.document.seconds };
    console.print(
      `  ${describeEditor(document.editor)} on ${describeLayers(editor.layers)}: ${count(edits)} edits judged on ${count(document.testImages)} test images${sampling(document)}, ${duration(document.seconds)}`,
    );
    return { ...evaluated, document };
  }

  /** Kept in the run: one computation serves every process and every edit. */
  #curvatureOf(run: Run): CurvatureOf {
    return curvatureOf(this.#opened(run));
  }

  #naturalEditor(views: number): EditorChoice {
    const { layers } = this.#options.settings.natural;
    return canonicalChoice({
      name: 'natural',
      hyperparameters: {},
      layers,
      maxSteps: 10,
      ...(views > 0 ? { views } : {}),
    });
  }

  #opened(run: Run): OpenedModel {
    const { dataset, device } = this.#options;
    return { run, dataset, model: run.model, patches: [], device };
  }

  #tuning(which: keyof DemoSettings['tuning']): TuningSettings {
    return { ...this.#options.settings.tuning[which], seed: this.#options.seed };
  }
}

interface Measured {
  readonly evaluation: EvaluationResult;
  /** Trials that its editor was tuned by; 0: none. */
  readonly trials: number;
}
