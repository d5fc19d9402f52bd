/** The demo's report: one HTML file with its pictures and charts inside, no scripts and nothing fetched. */
import { drawdownDotsChart, probabilityPairsChart, trainingCurvesChart } from '@editable/charts';
import type { EvaluationResult, JudgedMistakes, Picture, Repair } from '@editable/workspace';
import { encodePng, type ImageDataset, type RepairedSet, type StepMetrics } from 'editable';
import { count, duration, percent, plural, signedPercent } from '../console/numbers.js';
import { describeEditor, describeLayers } from '../report/editor-text.js';
import type { Environment } from '../report/environment.js';
import { editorWords, table3Cells, table3Head, table3Numbers } from '../report/table-3.js';
import { drawn } from './drawn-chart.js';
import { html, type Markup, verbatim } from './markup.js';
import { style } from './style.js';

/** One row of the comparison with everything measured on it. */
export interface MeasuredRow {
  readonly procedure: string;
  readonly evaluation: EvaluationResult;
  /** Trials that its editor was tuned by; 0: none. */
  readonly trials: number;
}

export interface Report {
  readonly dataset: ImageDataset;
  /** The paper's editor, the natural one, the same with views, the control, Editable Training. */
  readonly rows: readonly MeasuredRow[];
  readonly training: { readonly plain: readonly StepMetrics[]; readonly editable: readonly StepMetrics[] };
  readonly repair: Repair;
  readonly picture: Picture;
  readonly repairs: Omit<RepairedSet, 'model'>;
  readonly mistakes: JudgedMistakes;
  readonly environment: Environment;
  readonly settings: { readonly seed: number; readonly width: number };
  readonly seconds: number;
}

/** Flipped images shown. */
const shownFlips = 24;
/** Suspected label errors shown. */
const shownSuspects = 8;

export async function renderReport(report: Report): Promise<string> {
  const { dataset, picture, repair } = report;
  const inline = async (pixels: Uint8Array, scale: number): Promise<string> =>
    `data:image/png;base64,${(await encodePng(pixels, dataset.shape, { scale })).toString('base64')}`;
  const test = dataset.split('test');
  const flips = repair.others.slice(0, shownFlips);
  const small = (indices: readonly number[]): Promise<string[]> =>
    Promise.all(indices.map((index) => inline(test.image(index), 2)));
  const pictures = await small(flips.map(({ index }) => index));
  const suspects = report.mistakes.suspect.slice(0, shownSuspects);
  const others = {
    repaired: await small(report.repairs.records.map(({ index }) => index as number)),
    suspects: await small(suspects.map(({ index }) => index)),
  };
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Repairing a network's mistakes: ${dataset.name}</title><style>${verbatim(style)}</style></head><body>
${headline(report)}${comparison(report)}${await distribution(report)}
${await repairSection(report, await inline(picture.pixels, 8))}${flipsSection(report, pictures)}
${repairsSection(report, others.repaired)}${suspectsSection(report, others.suspects)}${await trainingCurves(report)}${provenance(report)}
</body></html>
`;
  return page.text;
}

function headline({ rows, dataset, repairs }: Report): Markup {
  const [paper, natural, views] = rows.map(({ evaluation }) => evaluation.document);
  if (!paper || !natural || !views) throw new Error('report: expected at least three rows');
  const tile = (value: string, words: string, tone = ''): Markup =>
    html`<div class="number ${tone}"><b>${value}</b><span class="soft">${words}</span></div>`;
  const inForce = Math.round(repairs.inForce * repairs.repairs);
  return html`<header><h1>On the same network, natural-gradient repairs cost ${costWords(paper.drawdown, views.drawdown)}, and ${percent(views.generality, 0)} of unseen views follow instead of ${percent(paper.generality, 0)}</h1>
<p class="soft">A small network, trained plainly on ${dataset.name}. It was made to change its mind about ${count(natural.edits)} single images, one at a time: by the paper's editor, tuned for it, and by the natural editor, which has nothing to tune. Both edit ${natural.editor.layers}. Drawdown is how much the error on ${count(natural.testImages)} test images rose by an edit; generality is how many unseen views of the edited image follow it.</p>
<div class="numbers">${tile(signedPercent(paper.drawdown), `drawdown an edit by ${paper.editor.name}, ${percent(paper.generality, 0)} of views follow`, 'plain')}
${tile(signedPercent(natural.drawdown), `by the natural editor, ${percent(natural.generality, 0)} of views follow`, 'editable')}
${tile(signedPercent(views.drawdown), `where it also holds on ${views.editor.views} views, ${percent(views.generality, 0)} of unseen views follow`, 'editable')}
${tile(`${inForce} of ${repairs.repairs}`, `real mistakes repaired in a row are in force; test error ${percent(repairs.errorBefore)} → ${percent(repairs.errorAfter)}`)}</div></header>`;
}

/** "a third as much", "2.1 times less": only where both drawdowns are positive does a ratio mean something. */
function costWords(plain: number, editable: number): string {
  const ratio = plain / editable;
  if (!(plain > 0 && editable > 0)) return `${signedPercent(editable)} instead of ${signedPercent(plain)} test error`;
  return ratio >= 1 ? `${ratio.toFixed(1)} times less` : `${(1 / ratio).toFixed(1)} times more`;
}

function comparison({ rows }: Report): Markup {
  const side = (column: number): Markup | null => (table3Numbers.includes(column) ? html` class="right"` : null);
  const cells = rows.map(({ procedure, evaluation }) => table3Cells({ procedure, evaluation: evaluation.document }));
  return html`<section><h2>Side by side</h2><p class="soft">The form of Table 3 of the paper (Sinitsin et al., ICLR 2020). Compare rows that edit the same layers: <b>layer3</b> of the plain network by two editors; the <b>extra</b> layer of section 4.3 untrained and after Editable Training, by the same editor tuned alike.</p>
<div class="scroll"><table><thead><tr>${table3Head.map((name, i) => html`<th${side(i)}>${name}</th>`)}</tr></thead>
<tbody>${cells.map((row) => html`<tr>${row.map((cell, i) => html`<td${side(i)}>${cell}</td>`)}</tr>`)}</tbody></table></div></section>`;
}

async function distribution({ rows, dataset: { classes } }: Report): Promise<Markup> {
  const shown = rows.map(({ procedure, evaluation: { document, records } }) => ({
    name: `${procedure}, ${editorWords(document.editor)}`,
    highlighted: document.editor.name === 'natural',
    mean: document.drawdown,
    interval: document.drawdownInterval,
    edits: records.map(({ index, predicted, target, drawdown, flips, steps }) => ({
      drawdown,
      label: `test image ${index}, ${classes[predicted]} → ${classes[target]}: ${signedPercent(drawdown)}, ${flips} predictions flipped, ${steps} steps`,
    })),
  }));
  return html`<section><h2>What every edit cost</h2><figure>${await drawn(drawdownDotsChart({ rows: shown }))}
<figcaption>A dot is one edit, as a sample of the test images shows it; to the right means more of them went wrong. The bar below is the 95 % interval of the mean over edits; all are judged on the same test images, whose own sampling it leaves out.</figcaption></figure></section>`;
}

async function trainingCurves({ training: { plain, editable } }: Report): Promise<Markup> {
  const read = (metrics: readonly StepMetrics[], term: 'base' | 'edit' | 'locality'): number[] =>
    metrics.map((step) => step[term]);
  const base = trainingCurvesChart({
    curves: [
      { name: 'plain', values: read(plain, 'base') },
      { name: 'editable', values: read(editable, 'base') },
    ],
    valueTitle: 'Base loss',
  });
  const terms = trainingCurvesChart({
    curves: [
      { name: 'L_edit', values: read(editable, 'edit') },
      { name: 'L_loc', values: read(editable, 'locality') },
    ],
  });
  return html`<section><h2>Training</h2><div class="charts"><figure>${await drawn(base)}<figcaption>L_base by step: cross-entropy, and for Editable Training, which starts from the plain model, the divergence from its predictions.</figcaption></figure>
<figure>${await drawn(terms)}<figcaption>What Editable Training adds: L_edit, what edits miss of their targets, and L_loc, what they disturb (equations 3 and 4).</figcaption></figure></div></section>`;
}

async function repairSection({ repair, picture, dataset: { classes } }: Report, image: string): Promise<Markup> {
  const { document, probabilitiesBefore, probabilitiesAfter } = repair;
  const { before, after, target } = document;
  const pairs = classes.map((name, label) => ({
    name,
    before: probabilitiesBefore[label] ?? 0,
    after: probabilitiesAfter[label] ?? 0,
    strong: label === before.label || label === target.label,
  }));
  const effect = `${plural(repair.others.length, 'other prediction')} of ${count(document.testImages)} changed, test error ${percent(document.errorBefore)} → ${percent(document.errorAfter)}.${generalityWords(document.generality)}`;
  return html`<section><h2>A real mistake, repaired</h2><p>Test image ${picture.index} is a <b>${target.name}</b>. The model was ${percent(before.probability, 0)} sure of <b class="plain-text">${before.name}</b>; after ${plural(document.steps, 'step')} it says <b class="editable-text">${after.name}</b>. ${effect}</p>
<div class="repair"><div><img src="${image}" alt="Test image ${picture.index}, labelled ${target.name}"><p class="note">The surest mistake at which the ten nearest training images agree with the label.</p></div><div>${await drawn(probabilityPairsChart({ pairs }))}</div></div></section>`;
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

const generalityWords = (share: number): string => ` Of unseen views of the image ${percent(share, 0)} follow.`;

/** Repairs in a row: each with its picture, and what they cost together. */
function repairsSection({ repairs, dataset: { classes } }: Report, pictures: readonly string[]): Markup {
  const cards = repairs.records.map(({ label, target, predicted, success, index }, i) => {
    const outcome = success && !repairs.notInForce.includes(i) ? '✓ in force' : '✗ not in force';
    return html`<li><img src="${pictures[i]}" alt="Test image ${index}, labelled ${classes[label as number]}" loading="lazy"><b>${classes[label as number]}</b><br>${predicted === target ? 'mended by those before it' : `was ${classes[predicted]}`}<br><span class="soft">${outcome} · ${index}</span></li>`;
  });
  const inForce = Math.round(repairs.inForce * repairs.repairs);
  return html`<section><h2>${repairs.repairs} real mistakes repaired in a row</h2><p>${inForce} of ${repairs.repairs} are in force at the end. The error on the ${count(repairs.testImages)} other test images went from ${percent(repairs.errorBefore)} to ${percent(repairs.errorAfter)}; ${plural(repairs.negativeFlips, 'right answer')} turned wrong. They were drawn at random from the mistakes at which the nearest training images agree with the label. Each repair is solved together with those before it, ${repairs.meanSteps.toFixed(1)} steps a repair.</p>
<ul class="flips">${cards}</ul></section>`;
}

/** Images that no repair should touch before a person has looked at their label. */
function suspectsSection(
  { mistakes: { suspect }, dataset: { classes } }: Report,
  pictures: readonly string[],
): Markup | null {
  if (suspect.length === 0) return null;
  const cards = suspect.slice(0, pictures.length).map(({ index, label, predicted, votes }, i) => {
    return html`<li><img src="${pictures[i]}" alt="Test image ${index}, labelled ${classes[label]}" loading="lazy">labelled <b>${classes[label]}</b><br>model says ${classes[predicted]}<br><span class="soft">${votes.predicted} of 10 neighbours agree with it · ${index}</span></li>`;
  });
  return html`<section><h2>Set apart: suspected label errors</h2><p>At ${plural(suspect.length, 'test image')} the model contradicts the label, and so do the ten nearest training images: at most one has the image's label. Somebody should look at these labels before a network is taught them. The surest ${pictures.length} are shown.</p>
<ul class="flips">${cards}</ul></section>`;
}

function provenance({ rows, environment, settings, dataset, seconds, repair }: Report): Markup {
  const [{ evaluation }] = rows as readonly [MeasuredRow, ...MeasuredRow[]];
  const { edits, testImages } = evaluation.document;
  const facts: readonly (readonly [string, string])[] = [
    [
      'Data',
      `${dataset.name} from ${dataset.folder}; tuning saw validation images only, the curvature training images without labels`,
    ],
    [
      'Network',
      `ResNet-18 of width ${settings.width}; with the extra layer before the last (section 4.3), it is the plain network, and Editable Training trains that layer alone`,
    ],
    ...rows.map(
      ({ procedure, evaluation: { document }, trials }) =>
        [
          procedure,
          `${describeEditor(document.editor)} on ${describeLayers(document.editor.layers)}${trials === 0 ? ', nothing tuned' : `, best of ${trials} trials`}`,
        ] as const,
    ),
    [
      'Edits',
      `${count(edits)} test images drawn without repetition, targets drawn uniformly; each judged on a sample of ${count(testImages)} test images, just large enough to know the mean drawdown to ± ${percent(evaluation.document.samplingError)}`,
    ],
    [
      'Generality',
      'share of unseen augmented views of the edited image that follow the edit: rotated by up to 10°, shifted by up to 2 pixels, mirrored, up to 10 % brighter or darker',
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
