import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { command } from './command.ts';
import type { Manifest, Package } from './packages.ts';
import { readManifest } from './packages.ts';

/** A package as npm would deliver it. */
export interface Tarball {
  readonly package: Package;
  /** The .tgz file. */
  readonly path: string;
  /** Where it was unpacked. */
  readonly folder: string;
  /** What was in it; more may be put into the folder later. */
  readonly files: readonly string[];
  readonly manifest: Manifest;
}

/** Packs a package, as `pnpm publish` would, and unpacks the result at `folder`. */
export async function pack(one: Package, destination: string, folder: string): Promise<Tarball> {
  mkdirSync(destination, { recursive: true });
  const packed = await command('pnpm', ['pack', '--pack-destination', destination], one.folder);
  if (!packed.ok) throw new Error(`pnpm pack of ${one.name} failed:\n${packed.output}`);
  const [file] = readdirSync(destination).filter((name) => name.endsWith('.tgz'));
  if (file === undefined) throw new Error(`pnpm pack of ${one.name} wrote no file:\n${packed.output}`);
  const path = join(destination, file);
  mkdirSync(folder, { recursive: true });
  const unpacked = await command('tar', ['-xzf', path, '--strip-components=1', '-C', folder], destination);
  if (!unpacked.ok) throw new Error(`${path} cannot be unpacked:\n${unpacked.output}`);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return { package: one, path, folder, files, manifest: readManifest(folder) };
}

/** What is wrong with the files of a tarball; one line for each finding. */
export function contentProblems({ folder, files, manifest }: Tarball): string {
  const problems = files.filter((file) => /(^|\/)(test|soak)(\/|$)|\.test\.|\.tsbuildinfo$/.test(file));
  const findings = problems.map((file) => `${file} must not be published`);
  for (const wanted of ['README.md', 'LICENSE', 'dist/index.js', 'dist/index.d.ts'])
    if (!files.includes(wanted)) findings.push(`${wanted} is missing`);
  for (const file of files) {
    const source = file.replace(/^dist\/(.*)\.js$/, 'src/$1.ts');
    if (source !== file && !existsSync(join(folder, source)))
      findings.push(`${file} is left over from a deleted ${source}: remove dist and build again`);
  }
  for (const [name, range] of Object.entries(manifest.peerDependencies ?? {}))
    // Any other range would make a major of this package for a minor of the peer, or promise too much.
    if (name.startsWith('@kombu/') && !range.startsWith('^'))
      findings.push(`the peer ${name} has the range "${range}": use "workspace:^"`);
  const text = JSON.stringify(manifest);
  for (const word of ['@kombu/source', 'workspace:', 'catalog:'])
    if (text.includes(word)) findings.push(`package.json still says "${word}"`);
  return findings.join('\n');
}
