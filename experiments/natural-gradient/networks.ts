/** Networks other than the scale's, as sessions of their own in a folder of the same work. */
import { join } from 'node:path';
import { type DatasetName, loadDataset } from 'editable';
import type { BaseModel, Scale } from '../shared/scale.js';
import type { Session } from '../shared/session.js';

export type Network = 'scale' | 'resnet56' | 'fashion';

const others: Readonly<
  Record<Exclude<Network, 'scale'>, { readonly dataset: DatasetName; readonly base: (scale: Scale) => BaseModel }>
> = {
  resnet56: {
    dataset: 'cifar-10',
    base: ({ base }) => ({
      kind: 'checkpoint',
      model: 'resnet56',
      file: 'cifar10-resnet/resnet56-4bfd9763.th',
      normalization: (base as Extract<BaseModel, { kind: 'checkpoint' }>).normalization,
    }),
  },
  // The demo's: trained in minutes.
  fashion: {
    dataset: 'fashion-mnist',
    base: () => ({
      kind: 'trained',
      width: 8,
      training: { epochs: 2, batchSize: 128, learningRate: 0.01, schedule: 'one-cycle', augment: false },
    }),
  },
};

export async function sessionOf(session: Session, network: Network): Promise<Session> {
  if (network === 'scale') return session;
  const { dataset, base } = others[network];
  return {
    ...session,
    scale: { ...session.scale, dataset, base: base(session.scale) },
    dataset: dataset === session.dataset.name ? session.dataset : await loadDataset(dataset),
    work: join(session.work, network),
  };
}
