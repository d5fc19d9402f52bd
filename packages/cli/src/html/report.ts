/** The demo's report: one HTML file with its pictures and charts inside, no scripts and nothing fetched. */
import { encodePng, type ImageDataset, type StepMetrics } from 'editable';
import { count, duration, percent, percentInterval, plural, signedPercent } from '../console/numbers.js';
import { describeEditor, describeLayers } from '../editor-choice.js';
import type { EvaluationResult } from '../jobs/evaluation.js';
import type { Repair } from '../jobs/repair.js';
import type { TrainingResult } from '../jobs/training.js';
import type { TuningDocument } from '../jobs/tuning.js';
import type { Picture } from '../picture.js';
import type { Environment } from '../report/environment.js';
import { type Table3Row, table3Cells, table3Head, table3Numbers } from '../report/table-3.js';
import { barPairs } from './charts/bars.js';
import { curves } from './charts/curves.js';
import { dotPlot } from './charts/dots.js';
import { html, type Markup, verbatim } from './markup.js';
import { style } from './style.js';

/** One of the two models with everything measured on it. */
export interface MeasuredModel {
  readonly training: TrainingResult;
  readonly tuning: TuningDocument;
  readonly evaluation: EvaluationResult;
}

export interface ReportModel extends MeasuredModel {
  readonly name: string;
  readonly metrics: readonly StepMetrics[];
}

export interface Report {
  readonly dataset: ImageDataset;
  readonly rows: readonly Table3Row[];
  readonly models: readonly [plain: ReportModel, editable: ReportModel];
  readonly repair: Repair;
  readonly picture: Picture;
  readonly environment: Environment;
  readonly settings: { readonly seed: number; readonly width: number; readonly from: string };
  readonly seconds: number;
}

/** Flipped images shown. */
const shownFlips = 24;

export async function renderReport(report: Report): Promise<string> {
  const { dataset, picture, repair } = report;
  const inline = async (pixels: Uint8Array, scale: number): Promise<string> =>
    `data:image/png;base64,${(await encodePng(pixels, dataset.shape, { scale })).toString('base64')}`;
  const test = dataset.split('test');
  const flips = repair.others.slice(0, shownFlips);
  const pictures = await Promise.all(flips.map(({ index }) => inline(test.image(index), 2)));
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Editable Training on ${dataset.name}</title><style>${verbatim(style)}</style></head><body>
${headline(report)}${comparison(report)}${distribution(report)}${trainingCurves(report)}
${repairSection(report, await inline(picture.pixels, 8))}${flipsSection(report, pictures)}${provenance(report)}
</body></html>
`;
  return page.text;
}

function headline({ models: [plain, editable], dataset, repair }: Report): Markup {
  const [before, after] = [plain.evaluation.document, editable.evaluation.document];
  const tile = (value: string, words: string, tone = ''): Markup =>
    html`<div class="number ${tone}"><b>${value}</b><span class="soft">${words}</span></div>`;
  return html`<header><h1>Repairing one mistake costs ${costWords(before.drawdown, after.drawdown)} after Editable Training</h1>
<p class="soft">Two small networks on ${dataset.name}, one trained plainly, one prepared for edits. Each was made to change its mind about ${count(after.edits)} single images, one at a time; drawdown is how much the error on ${count(after.testImages)} test images rose by an edit.</p>
<div class="numbers">${tile(signedPercent(before.drawdown), 'drawdown an edit, plain training', 'plain')}
${tile(signedPercent(after.drawdown), 'drawdown an edit, Editable Training', 'editable')}
${tile(`${percent(before.testError, 1).replace(' %', '')} → ${percent(after.testError, 1)}`, 'test error before any edit, plain → editable')}
${tile(`${repair.document.editSeconds.toFixed(2)} s`, `to repair a real mistake in ${plural(repair.document.steps, 'step')}`)}</div></header>`;
}

/** "a third as much", "2.1 times less": only where both drawdowns are positive does a ratio mean something. */
function costWords(plain: number, editable: number): string {
  const ratio = plain / editable;
  if (!(plain > 0 && editable > 0)) return `${signedPercent(editable)} instead of ${signedPercent(plain)} test error`;
  return ratio >= 1 ? `${ratio.toFixed(1)} times less` : `${(1 / ratio).toFixed(1)} times more`;
}

function comparison({ rows }: Report): Markup {
  const side = (column: number): Markup | null => (table3Numbers.includes(column) ? html` class="right"` : null);
  const cells = rows.map(table3Cells);
  return html`<section><h2>Side by side</h2><p class="soft">The form of Table 3 of the paper (Sinitsin et al., ICLR 2020).</p>
<div class="scroll"><table><thead><tr>${table3Head.map((name, i) => html`<th${side(i)}>${name}</th>`)}</tr></thead>
<tbody>${cells.map((row) => html`<tr>${row.map((cell, i) => html`<td${side(i)}>${cell}</td>`)}</tr>`)}</tbody></table></div></section>`;
}

function distribution({ models, dataset: { classes } }: Report): Markup {
  const rows = models.map(({ name, evaluation: { document, records } }, i) => ({
    name,
    tone: i === 0 ? ('plain' as const) : ('editable' as const),
    mean: document.drawdown,
    interval: document.drawdownInterval,
    dots: records.map(({ index, predicted, target, drawdown, flips, steps }) => ({
      value: drawdown,
      title: `test image ${index}, ${classes[predicted]} → ${classes[target]}: ${signedPercent(drawdown)}, ${flips} predictions flipped, ${steps} steps`,
    })),
  }));
  return html`<section><h2>What every edit cost</h2><figure>${dotPlot(rows, (value) => (value === 0 ? '0 %' : signedPercent(value, 1)))}
<figcaption>A dot is one edit; to the right means more of the test images went wrong. The bar below is the 95 % interval of the mean.</figcaption></figure></section>`;
}

function trainingCurves({ models: [plain, editable] }: Report): Markup {
  const read = (model: ReportModel, term: 'base' | 'edit' | 'locality'): number[] =>
    model.metrics.map((step) => step[term]);
  const base = curves(
    [
      { name: 'plain', tone: 'plain', values: read(plain, 'base') },
      { name: 'editable', tone: 'editable', values: read(editable, 'base') },
    ],
    'Base loss over training steps',
  );
  const terms = curves(
    [
      { name: 'L_edit', tone: 'third', values: read(editable, 'edit') },
      { name: 'L_loc', tone: 'editable', values: read(editable, 'locality') },
    ],
    'Edit and locality loss over training steps',
  );
  return html`<section><h2>Training</h2><div class="charts"><figure>${base}<figcaption>L_base by step: cross-entropy, and for Editable Training, which starts from the plain model, the divergence from its predictions.</figcaption></figure>
<figure>${terms}<figcaption>What Editable Training adds: L_edit, what edits miss of their targets, and L_loc, what they disturb (equations 3 and 4).</figcaption></figure></div></section>`;
}

function repairSection({ repair, picture, dataset: { classes } }: Report, image: string): Markup {
  const { document, probabilitiesBefore, probabilitiesAfter } = repair;
  const { before, after, target } = document;
  const pairs = classes.map((name, label) => ({
    name,
    before: probabilitiesBefore[label] ?? 0,
    after: probabilitiesAfter[label] ?? 0,
    strong: label === before.label || label === target.label,
  }));
  const effect = `${plural(repair.others.length, 'other prediction')} of ${count(document.testImages)} changed, test error ${percent(document.errorBefore)} → ${percent(document.errorAfter)}.`;
  return html`<section><h2>A real mistake, repaired</h2><p>Test image ${picture.index} is a <b>${target.name}</b>. The model was ${percent(before.probability, 0)} sure of <b class="plain-text">${before.name}</b>; after ${plural(document.steps, 'step')} it says <b class="editable-text">${after.name}</b>. ${effect}</p>
<div class="repair"><div><img src="${image}" alt="Test image ${picture.index}, labelled ${target.name}"><p class="note">The most confident mistake whose true class came second.</p></div><div>${barPairs(pairs)}</div></div></section>`;
}

function flipsSection({ repair, dataset: { classes } }: Report, pictures: readonly string[]): Markup | null {
  const flips = repair.others;
  if (flips.length === 0) return null;
  const cards = flips.slice(0, shownFlips).map(({ index, label, before, after }, i) => {
    const verdict = after === label ? '✓ now right' : before === label ? '✗ now wrong' : '· wrong both times';
    return html`<li><img src="${pictures[i]}" alt="Test image ${index}, labelled ${classes[label]}" loading="lazy"><b>${classes[label]}</b><br>${classes[before]} → ${classes[after]}<br><span class="soft">${verdict} · ${index}</span></li>`;
  });
  const better = flips.filter(({ label, after }) => after === label).length;
  const worse = flips.filter(({ label, before }) => before === label).length;
  return html`<section><h2>What else changed</h2><p class="soft">${plural(flips.length, 'test image')}: ${better} for the better, ${worse} for the worse${flips.length > shownFlips ? `; the first ${shownFlips} are shown` : ''}. Under each: what it is, what the model said before and says now.</p>
<ul class="flips">${cards}</ul></section>`;
}

function provenance({ models, environment, settings, dataset, seconds, repair }: Report): Markup {
  const [{ evaluation }] = models;
  const { edits, testImages, drawdownInterval } = evaluation.document;
  const facts: readonly (readonly [string, string])[] = [
    ['Data', `${dataset.name} from ${dataset.folder}; tuning saw validation images only`],
    [
      'Network',
      `ResNet-18 of width ${settings.width}; the editable one starts from ${settings.from} with an extra layer before the last (section 4.3), which is trained alone`,
    ],
    ...models.map(
      ({ name, tuning }) =>
        [
          `Editor, ${name}`,
          `${describeEditor(tuning.best.editor)} on ${describeLayers(tuning.best.editor.layers)}, best of ${tuning.trials.length} trials`,
        ] as const,
    ),
    [
      'Edits',
      `${count(edits)} test images drawn without repetition, targets drawn uniformly; judged on ${count(testImages)} test images`,
    ],
    ['Intervals', `95 %, normal approximation over the edits (plain: ${percentInterval(drawdownInterval)} %)`],
    [
      'Generality',
      models.map(({ name, evaluation: { document } }) => `${name} ${percent(document.generality, 1)}`).join(', ') +
        ' of augmented views follow an edit',
    ],
    ['Patch', repair.document.patch ?? 'none'],
    ['Seed', String(settings.seed)],
    ['Commit', environment.commit ?? 'not in a clone'],
    [
      'Machine',
      `${environment.processor}, ${plural(environment.threads, 'thread')}${environment.cuda ? ', CUDA' : ''}`,
    ],
    ['libtorch', `${environment.libtorch}, BLAS ${environment.blas ?? 'unknown'}, Node ${environment.node}`],
    ['Time', `${duration(seconds)} for this call`],
  ];
  return html`<section><h2>How it was measured</h2><dl>${facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl></section>`;
}
