/**
 * Packs everything for a machine with PyTorch and a C++ compiler but no network and no Node into one file:
 * Node itself, the built packages, what they need at run time, and the addon's sources. Run it after setup.mjs.
 *
 *   node scripts/bundle.mjs [--out DIR] [--with-data] [--dev-tests]
 *
 * --with-data writes Fashion-MNIST into a second file; --dev-tests adds Vitest, the sources, tests and
 * benchmarks: "bin/test" runs them there.
 */
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const limit = 45e6; // bytes; the largest file that the offline bundle may be
const data = '/usr/share/datasets/fashion-mnist'; // where Debian's dataset-fashion-mnist puts it
const packages = ['torch', 'editable', 'workspace', 'studio', 'cli', 'charts', 'text'];
const workspaces = [...packages.map((name) => `packages/${name}`), 'experiments'];

/** Of SQLite's binding: other systems' builds, and the sources of this one. */
const otherBuilds = new RegExp(
  `@photostructure/sqlite/(deps|src|prebuilds/(?!${process.platform}-${process.arch}(/|$))[^/]+)(/|$)`,
);

const readme = `Editable, packed for machines without network and Node.

  sh install.sh          builds the addon against the PyTorch found here (g++ is needed)
  bin/editable --help    after that
  bin/experiment --help  the paper's tables and figures; experiments/README.md says how long they take

PyTorch is looked for in LIBTORCH, then in python3 (PYTHON names another), then where Debian's libtorch-dev puts it.
Data sets are looked for in data/, or in the folder that EDITABLE_DATA names.
`;

// LIBTORCH is set to python3's torch here because on such machines that is the one meant; the system's comes after it.
const installScript = `#!/bin/sh
# Builds the addon against the PyTorch found here (LIBTORCH, else python3's, else the system's) and writes bin/editable.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
if [ -z "\${LIBTORCH:-}" ]; then
  torch=$("\${PYTHON:-python3}" -c 'import importlib.util as u, os; print(os.path.dirname(u.find_spec("torch").origin))' 2>/dev/null || true)
  if [ -n "$torch" ] && [ -d "$torch/include/torch" ] && [ -e "$torch/lib/libtorch.so" ]; then
    export LIBTORCH="$torch"
  fi
fi
"$here/bin/node" "$here/packages/torch/scripts/build-addon.mjs"
command_for() {
  cat > "$here/bin/$1.part" <<END
#!/bin/sh
here=\\$(dirname "\\$(readlink -f "\\$0")")
if [ -z "\\\${EDITABLE_DATA:-}" ] && [ -d "\\$here/../data" ]; then export EDITABLE_DATA="\\$here/../data"; fi
exec "\\$here/node" "\\$here/../$2" "\\$@"
END
  chmod +x "$here/bin/$1.part"
  mv "$here/bin/$1.part" "$here/bin/$1"
}
command_for experiment experiments/run.mjs
command_for editable packages/cli/bin/editable.js
echo "Ready: $here/bin/editable"
`;

const { values: options } = parseArgs({
  options: {
    out: { type: 'string', default: root },
    'with-data': { type: 'boolean', default: false },
    'dev-tests': { type: 'boolean', default: false },
  },
});

const { version } = readJson('packages/cli/package.json');
const name = `editable-bundle-${version}-${process.platform}-${process.arch}`;
mkdirSync(options.out, { recursive: true });
const staging = mkdtempSync(join(tmpdir(), 'editable-bundle-'));
try {
  stage(join(staging, name));
  const bundle = compress(name, `${name}${options['dev-tests'] ? '-tests' : ''}.tar.xz`);
  if (statSync(bundle).size > limit) throw new Error(`bundle: ${bundle} is over ${limit / 1e6} MB.`);
  if (options['with-data']) packData();
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(staging, { recursive: true, force: true });
}

function stage(folder) {
  for (const workspace of workspaces) stageWorkspace(workspace, folder);
  for (const path of thirdPartyPackages()) {
    cpSync(join(root, path), join(folder, path), { recursive: true, filter: isNeededAtRunTime });
  }
  if (options['dev-tests']) stageTests(folder);
  stageNode(join(folder, 'bin'));
  for (const file of ['LICENSE', 'package.json']) cpSync(join(root, file), join(folder, file));
  writeScript(join(folder, 'install.sh'), installScript);
  writeFileSync(join(folder, 'README.txt'), readme);
  writeFileSync(join(folder, 'COMMIT'), `${commit()}\n`);
}

/** What the package would publish, and the link under which the others import it. */
function stageWorkspace(workspace, folder) {
  const { name: packageName, files } = readJson(`${workspace}/package.json`);
  for (const part of ['package.json', ...files]) {
    const from = join(root, workspace, part);
    if (!existsSync(from)) throw new Error(`bundle: ${from} is missing. Run "npm run setup" first.`);
    cpSync(from, join(folder, workspace, part), {
      recursive: true,
      filter: (path) => !/\.map$|\.tsbuildinfo$/.test(path),
    });
  }
  const link = join(folder, 'node_modules', packageName);
  mkdirSync(dirname(link), { recursive: true });
  symlinkSync(relative(dirname(link), join(folder, workspace)), link);
}

/** Folders of the installed packages that run-time needs; with the tests, also Vitest's, but no compiler or linter. */
function thirdPartyPackages() {
  const { packages } = readJson('node_modules/.package-lock.json');
  const isTool = (path) => /node_modules\/(@biomejs|@typescript|@types|typescript|undici-types)(\/|$)/.test(path);
  const needed = neededBy(workspaces, packages);
  return Object.entries(packages)
    .filter(([path, { link }]) => !link && path.includes('node_modules/') && !isTool(path))
    .filter(([path, { dev }]) => needed.has(path) || (options['dev-tests'] && dev))
    .map(([path]) => path);
}

/** What the workspaces import, and what that imports: other workspaces, as the charts, bring packages of their own. */
function neededBy(roots, packages) {
  const found = new Set(roots);
  // A set visits what is added while it is walked.
  for (const path of found) {
    const { dependencies, optionalDependencies } = packages[path];
    for (const name of Object.keys({ ...dependencies, ...optionalDependencies })) {
      const at = resolvePackage(name, path, packages);
      if (at) found.add(packages[at].link ? packages[at].resolved : at);
    }
  }
  return found;
}

/** Node's rule: the nearest node_modules from the importing folder upwards; nothing for an optional one left out. */
function resolvePackage(name, from, packages) {
  for (let folder = from; ; folder = dirname(folder)) {
    const path = join(folder, 'node_modules', name);
    if (path in packages) return path;
    if (folder === '.') return undefined;
  }
}

/** Licences and headers stay; types, source maps, other packages' sources and documentation go. */
function isNeededAtRunTime(path) {
  const inside = path.slice(path.lastIndexOf('node_modules/'));
  if (otherBuilds.test(inside)) return false;
  return !/\.(map|[cm]?ts|markdown)$|node_modules\/zod\/src$|\/(docs?|README\.md|CHANGELOG\.md)$/i.test(inside);
}

function stageTests(folder) {
  const own = ['test', 'benchmarks', 'examples', 'README.md', 'vitest.config.ts', 'tsconfig.base.json'];
  const inside = workspaces.flatMap((path) => [`${path}/src`, `${path}/test`, `${path}/codegen`]);
  for (const part of [...own, ...inside].filter((path) => existsSync(join(root, path)))) {
    cpSync(join(root, part), join(folder, part), { recursive: true });
  }
  const run = 'PATH="$PWD/bin:$PATH" exec bin/node node_modules/vitest/vitest.mjs run "$@"';
  writeScript(join(folder, 'bin/test'), `#!/bin/sh\ncd "$(dirname "$0")/.."\n${run}\n`);
}

function stageNode(folder) {
  mkdirSync(folder, { recursive: true });
  const node = join(folder, 'node');
  cpSync(process.execPath, node, { dereference: true });
  chmodSync(node, 0o755);
  spawnSync('strip', ['--strip-all', node]); // without strip the bundle is only larger
  const licences = [join(dirname(process.execPath), '../LICENSE'), '/usr/share/doc/nodejs/LICENSE'];
  const licence = licences.find((file) => existsSync(file));
  if (licence) cpSync(licence, join(folder, 'NODE-LICENSE'), { dereference: true });
}

function packData() {
  if (!existsSync(data))
    throw new Error(`bundle: ${data} is missing. Install it with "apt-get install dataset-fashion-mnist".`);
  cpSync(data, join(staging, name, 'data/fashion-mnist'), { recursive: true, dereference: true });
  compress(`${name}/data`, `${name}-data.tar.xz`);
}

/** One folder of the staging area as DIR/FILE.tar.xz, by xz where it is installed, else by python3. */
function compress(folder, file) {
  const out = resolve(options.out, file);
  const part = `${out}.part`;
  console.error(`bundle: compressing ${basename(out)} (a minute) …`);
  const hasXz = spawnSync('xz', ['--version']).status === 0;
  const filters = process.arch === 'x64' ? '--x86 --lzma2=preset=9,dict=64MiB' : '--lzma2=preset=9,dict=64MiB';
  const python = `python3 -c 'import lzma,shutil,sys; shutil.copyfileobj(sys.stdin.buffer, lzma.open(sys.stdout.buffer, "wb", preset=9))'`;
  const pipe = `tar --sort=name --owner=0 --group=0 -cf - "$1" | ${hasXz ? `xz --threads=1 ${filters}` : python} > "$2"`;
  const result = spawnSync('bash', ['-o', 'pipefail', '-c', pipe, 'bash', folder, part], {
    cwd: staging,
    encoding: 'utf8',
  });
  if (result.status !== 0) {
    rmSync(part, { force: true });
    throw new Error(`bundle: tar failed: ${result.stderr}`);
  }
  renameSync(part, out);
  console.error(`bundle: ${out} (${(statSync(out).size / 1e6).toFixed(1)} MB)`);
  return out;
}

/** Results say of which commit they are. */
function commit() {
  const git = (...args) => spawnSync('git', args, { cwd: root, encoding: 'utf8' });
  const { status, stdout } = git('rev-parse', 'HEAD');
  if (status !== 0) return 'unknown';
  return `${stdout.trim()}${git('status', '--porcelain', '--untracked-files=no').stdout === '' ? '' : ' with changes'}`;
}

function writeScript(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  chmodSync(file, 0o755);
}

function readJson(path) {
  return JSON.parse(readFileSync(join(root, path), 'utf8'));
}
