import { copyFileSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { root } from './packages.ts';
import type { Tarball } from './tarball.ts';

/**
 * A folder outside of the repository where the tarballs are installed as in an application: nothing of the workspace can
 * be reached from it but what is linked here.
 */
export class Application implements Disposable {
  readonly folder: string = realpathSync(mkdtempSync(join(tmpdir(), 'kombu-packed-')));

  constructor() {
    this.write('package.json', JSON.stringify({ name: 'application', private: true, dependencies: {} }));
    this.#link(join(root, 'node_modules', '@types/node'), 'node_modules/@types/node');
  }

  /** The folder of an installed package. */
  installed(name: string): string {
    return join(this.folder, 'node_modules', name);
  }

  /** Links what the package depends on from the workspace. Its peers are other tarballs, or fail to be found. */
  linkDependencies({ package: one, manifest }: Tarball): void {
    for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
      const inWorkspace = join(one.folder, 'node_modules', name);
      if (!name.startsWith('@kombu/')) this.#link(inWorkspace, `node_modules/${one.name}/node_modules/${name}`);
    }
  }

  write(path: string, text: string): void {
    writeFileSync(join(this.folder, path), text);
  }

  copy(from: string, path: string): void {
    copyFileSync(from, join(this.folder, path));
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #link(target: string, path: string): void {
    const from = join(this.folder, path);
    mkdirSync(dirname(from), { recursive: true });
    symlinkSync(realpathSync(target), from);
  }
}
