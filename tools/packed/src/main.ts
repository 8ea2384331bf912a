/**
 * Packs every published package and looks at the result as its users will: the files, the manifest, `import`, `require`,
 * and the compiler under the settings that the README promises. Exits with 1 when anything is not as it should be.
 */
import { join } from 'node:path';
import { Application } from './application.ts';
import { command } from './command.ts';
import { compileProblem, runProblem, settings } from './consumer.ts';
import { entriesOf, loadProblem } from './entries.ts';
import { publishedPackages } from './packages.ts';
import { Report } from './report.ts';
import type { Tarball } from './tarball.ts';
import { contentProblems, pack } from './tarball.ts';

const linters: readonly (readonly [string, ...string[]])[] = [
  ['publint', '--strict'],
  ['attw', '--profile', 'esm-only', '--no-emoji', '--no-color'],
];

async function lint(tarball: Tarball, report: Report): Promise<void> {
  report.add(tarball.manifest.name, 'files of the tarball', contentProblems(tarball));
  await Promise.all(
    linters.map(async ([program, ...options]) => {
      const { ok, output } = await command(program, [...options, tarball.path], tarball.package.folder);
      report.add(tarball.manifest.name, program, ok ? '' : output);
    }),
  );
}

async function main(): Promise<boolean> {
  const report = new Report();
  using application = new Application();
  const tarballs: Tarball[] = [];
  for (const one of publishedPackages()) {
    const tarball = await pack(one, join(application.folder, 'tarballs', one.name), application.installed(one.name));
    application.linkDependencies(tarball);
    tarballs.push(tarball);
  }
  for (const tarball of tarballs) await lint(tarball, report);

  const entries = tarballs.flatMap((tarball) => entriesOf(tarball));
  for (const entry of entries) report.add(entry, 'import and require', await loadProblem(application, entry));

  for (const setting of settings) {
    const problem = await compileProblem(application, setting, entries);
    report.add('consumer program', `compiles: ${setting.name}`, problem);
    if (problem === '' && setting.extension !== '.ts')
      report.add('consumer program', `runs: ${setting.name}`, await runProblem(application, setting));
  }
  return report.finish();
}

process.exitCode = (await main()) ? 0 : 1;
