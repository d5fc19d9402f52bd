/**
 * Calls listed operators with random arguments: `fuzz.mjs SEED CALLS`. A call may succeed by accident or throw a
 * TorchError; the last line counts both and lists anything else. Before every call its text is printed, so that the last
 * line names the call where the process crashes.
 */
import { writeSync } from 'node:fs';
import * as torch from '@editable/torch';

const [seed = 1, calls = 1] = process.argv.slice(2).map(Number);

/** mulberry32 */
let state = seed;
function random(): number {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
}
const pick = <T>(items: readonly T[]): T => items[Math.floor(random() * items.length)] as T;

const freed = torch.zeros([1]);
freed.dispose();

const tensors: readonly (() => torch.Tensor)[] = [
  () => torch.ones([]),
  () => torch.ones([0]),
  () => torch.ones([2, 0, 3]),
  () => torch.ones([3]),
  () => torch.ones([2, 3]),
  () => torch.randn([3, 3], { dtype: 'float64' }),
  () => torch.ones([2, 3, 4, 4]),
  () => torch.ones([3, 2, 1, 1]),
  () => torch.ones([1, 2, 2, 2, 2]),
  () => torch.tensor([1, -1, 100], { dtype: 'int64' }),
  () =>
    torch.tensor(
      [
        [0, 1],
        [2, 7],
      ],
      { dtype: 'int64' },
    ),
  () => torch.tensor([true, false, true]),
  () => torch.ones([2, 3]).to('float16'),
  () => torch.tensor([Number.NaN, Number.POSITIVE_INFINITY]),
  () => torch.ones([2, 2]).requiresGrad_(),
  () => freed,
];
const integers = [-3, -1, 0, 1, 2, 3, 7, 1e18, -1e18, 2.5, Number.NaN, Number.POSITIVE_INFINITY];
const lists = (): unknown[] => Array.from({ length: Math.floor(random() * 5) }, () => pick(integers));
const noise: readonly (() => unknown)[] = [
  () => pick(integers),
  () => pick(['', 'float32', 'int64', 'float99', 'cuda:9', 'cpu', 'mean', 'channelsLast']),
  () => pick([true, false, null, undefined]),
  () =>
    pick([
      {},
      { dim: 9 },
      { dim: 'x' },
      { alpha: {} },
      { keepdim: 'no' },
      { dtype: 'bool' },
      { dtype: 99 },
      { device: 'moon' },
    ]),
  () => pick([7n, 2n ** 70n, Symbol('s'), () => 1, new Map(), new Date(0), Object.create(null)]),
  lists,
  () => [pick(tensors)(), pick(tensors)()],
  () => [pick(tensors)(), pick(integers)],
  () => ['a', [1]],
  () => pick(tensors)(),
];

/** Mostly of the right kind, so that libtorch's own checks are met too. */
function argumentOf(type: string): unknown {
  if (random() < 0.15) return pick(noise)();
  if (/^Tensor\??$/.test(type)) return pick(tensors)();
  if (/^Tensor\??\[\]$/.test(type)) return Array.from({ length: Math.floor(random() * 4) }, () => pick(tensors)());
  if (/\[\d*\]\??$/.test(type)) return random() < 0.2 ? pick(integers) : lists();
  if (/^bool/.test(type)) return random() < 0.5;
  if (/^str/.test(type)) return pick(['none', 'tanh', 'constant', 'reflect', 'ij,jk->ik', 'L', 'x']);
  if (/^ScalarType/.test(type)) return pick(['float32', 'float64', 'int64', 'bool', 'float16']);
  return pick(integers);
}

const functions = torch as unknown as Readonly<Record<string, (...args: unknown[]) => unknown>>;
const names = Object.keys(torch.schemas).filter((name) => name in functions);

function randomCall(): { name: string; args: unknown[] } {
  const name = pick(names);
  const schema = pick(torch.schemas[name]!);
  const parts = [...schema.matchAll(/(\w+(?:\([^)]*\))?\??(?:\[\d*\]\??)?) (\w+)(=[^,)]*)?[,)]/g)];
  const args: unknown[] = parts.filter((part) => part[3] === undefined).map((part) => argumentOf(part[1]!));
  const options = parts.filter((part) => part[3] !== undefined && random() < 0.4);
  const named = options.map((part) => [camelCase(part[2]!), argumentOf(part[1]!)] as const);
  if (named.length > 0) args.push(Object.fromEntries(named));
  if (random() < 0.05) args.push(pick(noise)());
  if (random() < 0.05) args.pop();
  return { name, args };
}

const camelCase = (name: string): string => name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function text(value: unknown, depth = 0): string {
  if (value instanceof torch.Tensor) return torch.describeTensor(value);
  if (Array.isArray(value)) return `[${value.map((item) => text(item, depth + 1)).join(', ')}]`;
  if (typeof value !== 'object' || value === null || depth > 2)
    return typeof value === 'object' ? 'object' : String(value);
  return `{ ${Object.entries(value)
    .map(([key, item]) => `${key}: ${text(item, depth + 1)}`)
    .join(', ')} }`;
}

const outcome = { returned: 0, refused: 0, unexpected: [] as string[] };
for (let i = 0; i < calls; i++) {
  torch.scope(() => {
    const { name, args } = randomCall();
    const call = `${name}(${args.map((arg) => text(arg)).join(', ')})`;
    writeSync(1, `${call}\n`);
    try {
      functions[name]!(...args);
      outcome.returned++;
    } catch (error) {
      if (error instanceof torch.TorchError && error.message.startsWith(`${name}: `)) outcome.refused++;
      else outcome.unexpected.push(`${call} threw ${(error as Error)?.stack ?? String(error)}`);
    }
  });
}
writeSync(1, `${JSON.stringify({ ...outcome, tensors: torch.memory().tensors })}\n`);
