/** What an experiment's runner has to know of the task that rows are about. */
import { modelHash } from 'editable';
import type { Experiment } from './experiment.js';
import { plainModel } from './models.js';
import type { ResultFile } from './result-file.js';
import type { Session } from './session.js';
import type { Workshop } from './workshop.js';

export interface Bench<Work extends Workshop> {
  /** Hash of the plain model, which every row depends on; made where it is not there. */
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
  model: async (session) => modelHash((await plainModel(session)).model),
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

const testImagesOf = (
  { scale, dataset }: Session,
  { testImages = (own) => own.testImages }: JudgedBy<Session>,
): number => testImages(scale) ?? dataset.split('test').length;
