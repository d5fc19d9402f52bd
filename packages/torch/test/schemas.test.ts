/** Every listed operator means the same to the installed libtorch as to the list that the types were made from. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { schemas, versions } from '@editable/torch';
import { describe, expect, it } from 'vitest';
import { native } from '../src/native.js';

interface Argument {
  readonly name: string;
  readonly type: string;
  /** Numbers by value, as versions print them differently; undefined where required. */
  readonly fallback: string | undefined;
}

interface Schema {
  readonly arguments: readonly Argument[];
  readonly returns: string;
}

/** Splits at commas outside brackets and quotes. */
const split = (text: string): string[] =>
  text.match(/(?:\[[^\]]*\]|\([^)]*\)|"[^"]*"|[^,])+/g)?.map((part) => part.trim()) ?? [];

/** 2.x writes SymInt for sizes. What an operator writes to or shares ("(a!)") is not ours to compare. */
const plain = (type: string): string => type.replaceAll('SymInt', 'int').replace(/\([a-z][^)]*\)/g, '');

/** 1.0 is 1, and a sized list of one repeated number, which 2.x writes out, is that number. */
function byValue(text: string | undefined): string | undefined {
  const [, first = '', rest = ''] = /^\[([^,\]]+)((?:, [^,\]]+)+)\]$/.exec(text ?? '') ?? [];
  if (rest !== '' && rest.split(', ').every((each) => each === '' || each === first)) return byValue(first);
  return text === undefined || text === '' || Number.isNaN(Number(text)) ? text : String(Number(text));
}

function parse(schema: string): Schema {
  const [, args = '', returns = ''] = /^[^(]+\((.*)\) -> (.*)$/.exec(schema) ?? [];
  const parsed = split(args)
    .filter((part) => part !== '*')
    .map((part) => /^(.*?) (\w+)(?:=(.*))?$/.exec(part) as RegExpExecArray)
    .map(([, type = '', name = '', fallback]) => ({ name, type: plain(type), fallback: byValue(fallback) }));
  return { arguments: parsed, returns: plain(returns).replace(/ \w+(?=[,)])/g, '') };
}

const installed = (schema: string): string | undefined => {
  const [, base = '', overload = ''] = /^([^.(]+)\.?([^(]*)\(/.exec(schema) ?? [];
  return native.resolve(base, overload)?.schema;
};

const listed = Object.values(schemas).flat();

describe('schemas', () => {
  it.each(listed.map((schema) => [/^[^(]+/.exec(schema)![0], schema]))('%s is what libtorch has', (_, schema) => {
    const found = installed(schema);
    if (found === undefined) throw new Error(`this libtorch has no ${schema}`);
    const [ours, theirs] = [parse(schema), parse(found)];
    const known = new Set(ours.arguments.map(({ name }) => name));
    expect(theirs.arguments.filter(({ name }) => known.has(name))).toEqual(ours.arguments);
    expect(theirs.arguments.filter(({ name, fallback }) => !known.has(name) && fallback === undefined)).toEqual([]);
    expect(theirs.returns).toBe(ours.returns);
  });

  it('finds a changed default, a missing argument and another type', () => {
    const [a, b, c] = ['aten::x(int a=1) -> Tensor', 'aten::x(SymInt a=2) -> Tensor', 'aten::x(float a=1.0) -> Tensor'];
    expect(parse(a!).arguments).toEqual([{ name: 'a', type: 'int', fallback: '1' }]);
    expect(parse(b!).arguments).toEqual([{ name: 'a', type: 'int', fallback: '2' }]);
    expect(parse(c!).arguments).toEqual([{ name: 'a', type: 'float', fallback: '1' }]);
  });

  it.runIf(versions().torch.startsWith('1.13'))('give the generated files again', () => {
    const generator = fileURLToPath(new URL('../codegen/generate.mjs', import.meta.url));
    const { status, stderr } = spawnSync(process.execPath, [generator, '--check'], { encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});
