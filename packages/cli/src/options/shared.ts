/** Options that several commands share, each group with the flags that it gives. */
import type { EditorName, HyperparameterValue, Metric } from 'editable';
import { datasetNames } from 'editable/dataset-names';
import { type NetworkName, networkNames } from 'editable/network-names';
import { choice, type Kind, number, numberOr, path, paths, text, toggle, wholeNumber, words } from './kinds.js';
import type { OptionTable } from './table.js';

// Written out here, so that help and misuse need neither the library nor libtorch; the types hold them to its lists.
const editorChoices: Readonly<Record<EditorName, true>> = {
  gd: true,
  'scaled-gd': true,
  rprop: true,
  rmsprop: true,
  momentum: true,
  adam: true,
  natural: true,
};

export const editorNames: readonly EditorName[] = Object.keys(editorChoices) as EditorName[];

/** Too many for `<a|b|…>`: descriptions list them. */
export const networkKind: Kind<NetworkName> = { ...choice(networkNames), placeholder: 'network' };

/** Every command has these. */
export interface OutputFlags {
  readonly json: boolean;
  readonly debug: boolean;
}

export const outputOptions: OptionTable<OutputFlags> = {
  json: { kind: toggle, default: false, description: 'print exactly one JSON document on stdout' },
  debug: { kind: toggle, default: false, description: 'show the stack of an error' },
};

export interface DataFlags {
  readonly dataDir: string | undefined;
}

export const dataOptions: OptionTable<DataFlags> = {
  dataDir: {
    kind: path('folder'),
    description: 'where the data sets are (default: EDITABLE_DATA, else where their package puts them)',
  },
};

/** Which pictures a command is about. */
export interface SourceFlags extends DataFlags {
  readonly dataset: string | undefined;
  readonly classes: string | undefined;
  readonly onDamaged: 'refuse' | 'skip' | undefined;
}

/** `usual`: the data set where none is named. */
export const sourceOptionsWith = (usual: string): OptionTable<SourceFlags> => ({
  dataset: {
    kind: text('name|folder', 'a data set or a folder'),
    description: `${datasetNames.join(', ')}, or a folder of photographs (default: ${usual})`,
  },
  classes: {
    kind: path('file'),
    description:
      "the network's classes in its order, one a line, for a folder of photographs (default: its own, sorted)",
  },
  onDamaged: {
    kind: choice(['refuse', 'skip']),
    description: 'photographs that cannot be read (default: refuse)',
  },
  ...dataOptions,
});

/** How photographs become a network's input. */
export interface PreprocessingFlags {
  readonly resize: number | undefined;
  readonly crop: number | undefined;
}

export const preprocessingOptions: OptionTable<PreprocessingFlags> = {
  resize: {
    kind: wholeNumber({ min: 1, max: 4096 }),
    description: 'scale the short side of photographs to so many pixels (default: 256)',
  },
  crop: {
    kind: wholeNumber({ min: 1, max: 4096 }),
    description: 'then cut a square of so many pixels out of the middle (default: 224)',
  },
};

export interface DeviceFlags {
  readonly device: string;
}

export const deviceOptions: OptionTable<DeviceFlags> = {
  device: {
    kind: text('device', 'cpu, cuda or cuda:N', /^(cpu|cuda(:\d+)?)$/),
    default: 'cpu',
    description: 'cpu, cuda or cuda:N',
  },
};

export interface SeedFlags {
  readonly seed: number;
}

export const seedOptions: OptionTable<SeedFlags> = {
  seed: {
    kind: wholeNumber({ max: 2 ** 32 - 1 }),
    default: 0,
    description: 'the same seed on the same machine gives the same numbers',
  },
};

/** The editor's own settings; what is not given comes from the run. */
export interface EditorFlags {
  readonly editor: EditorName | undefined;
  readonly learningRate: HyperparameterValue | undefined;
  readonly beta: number | undefined;
  readonly layers: readonly string[] | undefined;
  readonly maxSteps: number | undefined;
}

export const editorKinds: { readonly [Name in keyof EditorFlags]-?: Kind<Exclude<EditorFlags[Name], undefined>> } = {
  editor: choice(editorNames),
  learningRate: numberOr('polyak', { above: 0 }),
  beta: number({ min: 0, max: 1 }),
  layers: words('names', 'names of chains, modules or parameters separated by commas, or "all"'),
  maxSteps: wholeNumber({ max: 1000 }),
};

/** `usual`: the editor where the run has none of its own. */
export const editorOptionsWith = (usual: string): OptionTable<EditorFlags> => ({
  editor: { kind: editorKinds.editor, description: `the editor (default: the run's own, else ${usual})` },
  learningRate: {
    kind: editorKinds.learningRate,
    description: "the editor's step size α, or polyak: as long as each step needs (default: the tuned one)",
  },
  beta: { kind: editorKinds.beta, description: "the editor's β: RMSProp's decay, Momentum's μ, Adam's β1" },
  layers: {
    kind: editorKinds.layers,
    description: 'what may change: layer3, chain-3, layer3.0.conv1, all; commas between',
  },
  maxSteps: { kind: editorKinds.maxSteps, description: 'k, the most steps an edit may take (default: 10)' },
});

/** What is asked of a repair beside its target. */
export interface ConstraintFlags {
  readonly views: number | undefined;
  readonly margin: number | undefined;
}

export const constraintOptions: OptionTable<ConstraintFlags> = {
  views: {
    kind: wholeNumber({ max: 1000 }),
    description: 'augmented views of the picture that must follow, too; 16 make it general (default: 0)',
  },
  margin: { kind: number({ min: 0 }), description: 'nats by which the target must lead (default: 0)' },
};

/** What the natural editor keeps. */
export interface CurvatureFlags extends ControlFlags {
  readonly controlImages: number | undefined;
}

export interface ControlFlags {
  readonly control: string | undefined;
}

export const controlOptions: OptionTable<ControlFlags> = {
  control: {
    kind: path('folder'),
    description:
      'photographs, labels not needed, whose answers the natural editor keeps (default: the training images)',
  },
};

export const curvatureOptions: OptionTable<CurvatureFlags> = {
  ...controlOptions,
  controlImages: {
    kind: wholeNumber({ min: 10 }),
    description: 'so many of them (default: those that the run has, else 1000)',
  },
};

/** Of the natural editor where it makes repairs. */
export interface MetricFlags {
  readonly metric: Metric | undefined;
  readonly settle: number | undefined;
}

export const metricOptions: OptionTable<MetricFlags> = {
  metric: {
    kind: choice<Metric>(['kronecker', 'ekfac', 'combined']),
    description:
      "how the natural editor measures harm: kronecker, by each layer's averages over the control images; ekfac, the same corrected image by image: less harm, slower; combined, by 500 of them one by one, too, or by --control-images of them: less still, for up to 1.3 million edited numbers (default: kronecker)",
  },
  settle: {
    kind: wholeNumber({ min: 0 }),
    description:
      'so many steps, at most, that the natural editor goes on once a repair holds, to reduce its harm to the control images or sentences; 16 halve it for pictures, for some seconds a repair (default: 0)',
  },
};

export interface PatchFlags {
  readonly patch: readonly string[] | undefined;
}

export const patchOptions: OptionTable<PatchFlags> = {
  patch: { kind: paths('file'), description: 'patches to apply first, in this order' },
};

/** One picture: a file, or a test image by its number. */
export interface InputFlags {
  readonly image: string | undefined;
  readonly index: number | undefined;
}

export const inputOptions: OptionTable<InputFlags> = {
  image: { kind: path('file'), description: 'a PNG, JPEG or WebP picture' },
  index: { kind: wholeNumber(), description: 'a test image by its number, from 0' },
};

export interface TestImagesFlags {
  readonly testImages: number | undefined;
}

export const testImagesOptions: OptionTable<TestImagesFlags> = {
  testImages: {
    kind: wholeNumber({ min: 1 }),
    description: 'judge on a random sample of M test images (default: all)',
  },
};

export interface ShardFlags {
  readonly shard: string | undefined;
}

/** @param what of the command's work a shard is */
export const shardOptionsOf = (what: string): OptionTable<ShardFlags> => ({
  shard: {
    kind: text('i/n', 'a shard and how many there are, from 0/16 to 15/16', /^\d+\/[1-9]\d*$/),
    description: `${what}, from 0/16 to 15/16; "editable merge" puts shards together`,
  },
});

/** What every command that runs a model with random draws has. */
export interface SessionFlags extends SeedFlags, DeviceFlags, SourceFlags, OutputFlags {}

export const sessionOptions: OptionTable<SessionFlags> = {
  ...seedOptions,
  ...deviceOptions,
  ...sourceOptionsWith("the run's"),
  ...outputOptions,
};
