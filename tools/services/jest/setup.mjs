import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../../..');

/** Jest does not compile this file, so it needs the built package. The tests alone need no build. */
export default async function setup() {
  // Type errors are shown, and do not keep anybody from running tests.
  spawnSync(join(root, 'node_modules/.bin/tsc'), ['-b', join(root, 'tools/services')], { stdio: 'inherit' });
  const { beginTestRun } = await import('../dist/test-run.js');
  beginTestRun();
}
