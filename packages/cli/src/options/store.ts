/** Options that the store's commands share. */
import { userInfo } from 'node:os';
import { number, text } from './kinds.js';
import {
  type ControlFlags,
  controlOptions,
  type DeviceFlags,
  deviceOptions,
  type OutputFlags,
  outputOptions,
  type SourceFlags,
  sourceOptionsWith,
} from './shared.js';
import type { OptionTable } from './table.js';

export interface PersonFlags {
  readonly by: string;
}

export const personOptions: OptionTable<PersonFlags> = {
  by: {
    kind: text('name', 'a name'),
    default: process.env.EDITABLE_USER ?? userName(),
    description: 'who does it; a repair is approved by another person than proposed it (or set EDITABLE_USER)',
  },
};

export interface ReasonFlags {
  readonly why: string;
}

export const reasonOptionsWith = (of: string): OptionTable<ReasonFlags> => ({
  why: { kind: text('reason', 'a reason'), required: true, description: of },
});

/** Commands that compute on a base. */
export interface BenchFlags extends ControlFlags, DeviceFlags, SourceFlags, OutputFlags {}

export const benchOptions: OptionTable<BenchFlags> = {
  control: {
    ...controlOptions.control,
    description:
      'photographs whose answers are kept, where the store was made with them (default: the training images)',
  },
  ...deviceOptions,
  ...sourceOptionsWith("the base's"),
  ...outputOptions,
};

/** What a release may cost. */
export interface BudgetFlags {
  readonly drawdown: number;
  readonly negativeFlips: number;
}

export const budgetOptions: OptionTable<BudgetFlags> = {
  drawdown: {
    kind: number({ max: 1 }),
    default: 0.005,
    description: 'most that the test error may have risen, 0.005 for 0.5 %',
  },
  negativeFlips: {
    kind: number({ min: 0, max: 1 }),
    default: 0.01,
    description: 'most right answers turned wrong, as a share of the images judged',
  },
};

export const storeArgument = { name: 'store', description: "the store's folder" } as const;

/** A user without a name has none in the system's list. */
function userName(): string {
  try {
    return userInfo().username;
  } catch {
    return 'somebody';
  }
}
