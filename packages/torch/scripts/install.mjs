/** What npm runs where the package is installed: builds the addon. In a clone "npm run setup" does, which installs libtorch first. */
import { existsSync } from 'node:fs';
import { buildAddon } from './build-addon.mjs';

if (!existsSync(new URL('../../../scripts/setup.mjs', import.meta.url))) {
  // Without libtorch or a compiler the installation goes on: whoever imports the package is told what is missing.
  await buildAddon().catch((error) =>
    console.error(`@editable/torch is installed without its addon: ${error.message}`),
  );
}
