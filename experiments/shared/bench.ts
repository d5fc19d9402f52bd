/** What an experiment's runner has to know of the task that rows are about. */
import type { nn } from '@editable/torch';
import { modelHash, type Run } from 'editable';
import { digest } from './digest.js';
import type { Experiment } from './experiment.js';
import { plainModel } from './models.js';
import type { ResultFile } from './result-file.js';
import type { Session } from './session.js';
import type { Workshop } from './workshop.js';

export interface Bench<Work extends Workshop> {
  /** A digest of the plain model, which every row depends on; made where it is not there. */
  model(session: Work): Promise<string>;
  /** What else of the scale and the data every row depends on. */
  rules(session: Work): Readonly<Record<string, unknown>>;
  data(session: Work, experiment: JudgedBy<Work>): ResultFile<unknown>['data'];
  /** "1000 test images" */
  judged(session: Work, experiment: JudgedBy<Work>): string;
  classes(session: Work): readonly string[];
}

type JudgedBy<Work extends Workshop> = Pick<Experiment<never, Work>, 'testImages'>;

/** Experiments on images. */
export const imageBench: Bench<Session> = {
  model: async (session) => keyOfModel(session, await plainModel(session)),
  rules({ scale, dataset, exact }) {
    const { tuning, chain, maxSteps, edits, testImages, precision } = scale;
    return { tuning, chain, maxSteps, edits, testImages, precision: exact ? null : precision, dataset: dataset.name };
  },
  data: (session, experiment) => ({
    dataset: session.dataset.name,
    testImages: testImagesOf(session, experiment),
    base: session.scale.base,
  }),
  judged: (session, experiment) => `${testImagesOf(session, experiment)} test images`,
  classes: ({ dataset }) => dataset.classes,
};

/**
 * Of a published network with an extra layer, that of the published weights: what the layer standardises by follows from them and
 * the scale, but is computed, and rounds otherwise on another processor.
 */
const keyOfModel = ({ scale: { base } }: Session, { model }: Run): string =>
  base.kind === 'checkpoint' && base.extra !== undefined
    ? digest([base, modelHash({ parameters: published(model.parameters), buffers: published(model.buffers) })])
    : modelHash(model);

const published = (tensors: nn.NamedTensors): nn.NamedTensors =>
  new Map([...tensors].filter(([name]) => !name.startsWith('extra.')));

const testImagesOf = (
  { scale, dataset }: Session,
  { testImages = (own) => own.testImages }: JudgedBy<Session>,
): number => testImages(scale) ?? dataset.split('test').length;
