import { mkdirSync } from 'node:fs';
import { WorkspaceError } from '@editable/workspace';
import { describe, expect, it } from 'vitest';
import { UsageError } from './errors.js';
import { explain } from './explain.js';

describe('explain', () => {
  it('tells an error made for people as it is, in one line', () => {
    expect(explain(new UsageError('--epochs: expected\n  a number'), { debug: false })).toBe(
      'editable: --epochs: expected a number.',
    );
  });

  it('calls a wrong setting by its option', () => {
    const error = new WorkspaceError('INVALID_ARGUMENT', 'expected refuse or skip.', { field: 'onDamaged' });
    expect(explain(error, { debug: false })).toBe('editable: --on-damaged: expected refuse or skip.');
  });

  it('says what a person can do about an error of the system', () => {
    const error = thrownBy(() => mkdirSync('/proc/self/cmdline/run'));
    expect(explain(error, { debug: false })).toBe(
      'editable: cannot make the folder /proc/self/cmdline/run: a part of its path is a file, not a folder; check the path.',
    );
  });

  it('says that an unexpected error is a fault of the program', () => {
    const text = explain(new TypeError('x is undefined'), { debug: false });
    expect(text).toMatch(/^editable: x is undefined\. This is a fault of editable itself; .* --debug .*\.$/);
  });

  it('shows stacks, those of causes too, only on request', () => {
    const error = new UsageError('wrong', { cause: new Error('below') });
    expect(explain(error, { debug: false })).not.toContain('    at ');
    expect(explain(error, { debug: true })).toMatch(/UsageError: wrong\n {4}at [\s\S]*caused by Error: below\n {4}at /);
  });
});

function thrownBy(body: () => unknown): unknown {
  try {
    body();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}
