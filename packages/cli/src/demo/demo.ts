/** The demo: two trainings, a tuning and an evaluation of each, one repair, one report. Killed, it continues. */
import { join } from 'node:path';
import { writeFileAtomically } from '@editable/torch';
import {
  defaultTraining,
  type ImageDataset,
  loadDataset,
  makeRunFolder,
  runConfig,
  type TrainingSettings,
} from 'editable';
import type { Console } from '../console/console.js';
import { count, duration } from '../console/numbers.js';
import { table } from '../console/table.js';
import { describeEditor, describeLayers } from '../editor-choice.js';
import { UsageError } from '../errors.js';
import { type MeasuredModel, renderReport } from '../html/report.js';
import { type EvaluationDocument, evaluateRun } from '../jobs/evaluation.js';
import { type Repair, type RepairDocument, repair } from '../jobs/repair.js';
import { metricsOf, type TrainingResult, train } from '../jobs/training.js';
import { earlierTuning, type TuningSettings, tuneRun } from '../jobs/tuning.js';
import { type OpenedModel, usableDevice } from '../open-model.js';
import type { SessionFlags } from '../options/shared.js';
import { testPicture } from '../picture.js';
import { environment } from '../report/environment.js';
import { describePicture, describeRepair } from '../report/repair-text.js';
import { table3Cells, table3Head, table3Numbers } from '../report/table-3.js';
import { measureInBackground, useOneThread } from './background.js';
import { confidentMistake } from './mistake.js';
import { type DemoSettings, demoSettings } from './settings.js';

export interface DemoFlags extends SessionFlags {
  readonly out: string;
}

export interface DemoDocument {
  readonly plain: EvaluationDocument;
  readonly editable: EvaluationDocument;
  readonly repair: RepairDocument & { readonly index: number };
  readonly seed: number;
  readonly report: string;
  /** Training, tuning and evaluation of both models, of this call. */
  readonly seconds: number;
}

export async function runDemo(
  flags: DemoFlags,
  console: Console,
  settings: DemoSettings = demoSettings,
): Promise<DemoDocument> {
  const started = performance.now();
  const { out, seed } = flags;
  const device = await usableDevice(flags.device);
  const dataset = await loadDataset(settings.dataset, { dataDir: flags.dataDir });
  makeRunFolder(out);
  const stage = new DemoStage({ dataset, settings, device, seed, dataDir: flags.dataDir, console });
  const folders = { plain: join(out, 'plain'), editable: join(out, 'editable') };
  useOneThread();
  const plainTraining = await stage.train('plain', folders.plain, settings.plain, 'plain training');
  const background = stage.measureInBackground(folders.plain);
  const editableChanges = { ...settings.editable, from: folders.plain };
  const editableTraining = await stage.train('editable', folders.editable, editableChanges, 'Editable Training');
  const editable = await stage.measure('editable', editableTraining);
  const plain = await stage.measure('plain', plainTraining, await background);
  const rows = [
    { procedure: 'Plain', evaluation: plain.evaluation.document },
    {
      procedure: `Editable, c_loc = ${settings.editable.cLoc ?? defaultTraining.cLoc}`,
      evaluation: editable.evaluation.document,
    },
  ];
  console.print(`\n${table(rows.map(table3Cells), { head: table3Head, right: table3Numbers })}\n`);

  const repaired = stage.repair(editable, join(out, 'repair.safetensors'));
  const seconds = (performance.now() - started) / 1000;
  const report = join(out, 'report.html');
  const html = await renderReport({
    dataset,
    rows,
    models: [
      { name: 'Plain training', metrics: metricsOf(folders.plain), ...plain },
      { name: 'Editable Training', metrics: metricsOf(folders.editable), ...editable },
    ],
    repair: repaired.repair,
    picture: repaired.picture,
    environment: environment(),
    settings: { seed, width: settings.width, from: 'the plain model' },
    seconds,
  });
  writeFileAtomically(report, html);
  console.print(`\nruns ${folders.plain}, ${folders.editable} · report ${report} · ${duration(seconds)}`);
  const { document } = repaired.repair;
  return {
    plain: plain.evaluation.document,
    editable: editable.evaluation.document,
    repair: { ...document, index: repaired.picture.index as number },
    seed,
    report,
    seconds,
  };
}

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
      kind: 'resnet18',
      width: settings.width,
      inChannels: dataset.shape[0],
      classes: dataset.classes.length,
      ...(which === 'editable' ? { extra: settings.extra } : {}),
    } as const;
    const config = runConfig(dataset, spec, { ...defaultTraining, ...changes, seed });
    const epochs = config.training?.epochs;
    console.print(`${label}: ${epochs} epochs, ResNet-18 of width ${settings.width} on ${dataset.name}`);
    return train({ folder, config, dataset, device, label }, console);
  }

  /** Seconds of the evaluation, once another process has tuned and evaluated the plain run. */
  async measureInBackground(folder: string): Promise<number> {
    const { settings, device, dataDir } = this.#options;
    const { edits, testImages } = settings;
    return measureInBackground(folder, {
      tuning: this.#tuning('plain'),
      edits,
      testImages: testImages ?? undefined,
      dataDir,
      device,
    });
  }

  /** Tunes and evaluates, or finds it done already; `seconds` then says how long that took. */
  async measure(
    which: keyof DemoSettings['tuning'],
    training: TrainingResult,
    seconds?: number,
  ): Promise<MeasuredModel> {
    const { dataset, settings, device, seed, console } = this.#options;
    const { run } = training;
    const opened: OpenedModel = { run, dataset, model: run.model, patches: [], device };
    const tuning =
      earlierTuning(run.folder, this.#tuning(which)) ??
      (await tuneRun(opened, this.#tuning(which), { console, label: 'tuning the editor' }));
    const { editor } = tuning.best;
    console.print(`${run.folder}`);
    console.print(
      `  tuned on validation images: ${describeEditor(editor)} on ${describeLayers(editor.layers)}, ${duration(tuning.seconds)}`,
    );
    const { edits, testImages } = settings;
    const evaluationSettings = { editor, edits, testImages: testImages ?? undefined, seed, targets: 'random' } as const;
    const evaluated = await evaluateRun(opened, evaluationSettings, { console, label: 'editing' });
    const document = { ...evaluated.document, seconds: seconds ?? evaluated.document.seconds };
    console.print(
      `  evaluated: ${count(edits)} edits on ${count(document.testImages)} test images, ${duration(document.seconds)}`,
    );
    return { training, tuning, evaluation: { ...evaluated, document } };
  }

  #tuning(which: keyof DemoSettings['tuning']): TuningSettings {
    return { ...this.#options.settings.tuning[which], seed: this.#options.seed };
  }

  repair(
    { training, tuning }: MeasuredModel,
    out: string,
  ): { repair: Repair; picture: ReturnType<typeof testPicture> } {
    const { dataset, device, seed, settings, console } = this.#options;
    const { run } = training;
    const { classes, normalization } = run.config;
    const mistake = confidentMistake(run.model, dataset, { normalization, device });
    if (mistake === undefined)
      throw new UsageError('demo: the model makes no mistake that could be repaired; try another --seed.');
    const picture = testPicture(mistake.index, dataset);
    const opened: OpenedModel = { run, dataset, model: run.model, patches: [], device };
    const done = repair(opened, {
      picture,
      target: mistake.truth,
      editor: tuning.best.editor,
      testImages: settings.testImages ?? undefined,
      seed,
      out,
    });
    console.print(`A real mistake: ${describePicture(picture, classes)}\n${describeRepair(done, classes)}`);
    return { repair: done, picture };
  }
}
