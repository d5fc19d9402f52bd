/** The examples of serving: the unit by systemd's own check, the container file by a parser of its language. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { validate } from 'dockerfile-utils';
import { describe, expect, it } from 'vitest';

const pathOf = (name: string): string => fileURLToPath(new URL(`../../examples/serve/${name}`, import.meta.url));

/** The unit names Debian's Node, and systemd looks whether it is there. */
const hasSystemd = spawnSync('systemd-analyze', ['--version']).status === 0 && existsSync('/usr/bin/node');
if (!hasSystemd)
  console.warn('serving.test: the unit is not checked, as there is no systemd-analyze or no /usr/bin/node.');

describe('examples/serve', () => {
  it.skipIf(!hasSystemd)('has a unit that systemd takes, and that may do little', () => {
    const unit = pathOf('editable-serve.service');
    const { stdout, stderr, status } = spawnSync('systemd-analyze', ['verify', unit], { encoding: 'utf8' });
    expect({ stdout, stderr, status }).toEqual({ stdout: '', stderr: '', status: 0 });
    const security = spawnSync('systemd-analyze', ['security', '--offline=true', '--threshold=50', unit]);
    expect(String(security.stdout)).toContain('Overall exposure level');
    expect(security.status).toBe(0);
  });

  it('has a container file without a mistake', () => {
    expect(validate(readFileSync(pathOf('Containerfile'), 'utf8'))).toEqual([]);
  });
});
