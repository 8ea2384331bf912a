import { copyFileSync, mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Program } from './program.ts';
import { packageFolders, root } from './repository.ts';
import { runNode } from './run-node.ts';

const compileDeadline = 120_000;

/**
 * A folder in which programs of the documentation are compiled, all at once, and run one by one, as in an application that
 * installed every package of the workspace. Whatever broker a program names, it meets the in-memory transport: see
 * `stand-in.ts`.
 */
export class Workshop {
  readonly #folder: string;
  /** By the name of their file, without its ending. */
  readonly #programs: ReadonlyMap<string, Program>;
  #complaints: readonly string[] = [];

  /** Clears the folder and fills it anew. */
  constructor(folder: string, programs: readonly Program[]) {
    this.#folder = folder;
    this.#programs = new Map(programs.map((program) => [fileOf(program), program]));
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(join(folder, 'node_modules/@kombu'), { recursive: true });
    for (const name of packageFolders())
      symlinkSync(join(root, 'packages', name), join(folder, 'node_modules/@kombu', name));
    copyFileSync(join(import.meta.dirname, 'stand-in.ts'), join(folder, 'stand-in.ts'));
    this.#write('package.json', JSON.stringify({ private: true, type: 'module' }));
    this.#write('tsconfig.json', JSON.stringify(settings([...this.#programs.keys()])));
    for (const [file, { source }] of this.#programs) this.#write(`${file}.ts`, source);
  }

  /** Compiles everything, and packages that are out of date before. Complaints about the programs are kept for `problemOf`. */
  async compile(): Promise<void> {
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const { ok, output } = await runNode([compiler, '-b', '--pretty', 'false'], this.#folder, compileDeadline);
    if (ok) return;
    // Lines that are indented explain the one above.
    const complaints = output.split(/\n(?! )/).slice(0, -1);
    if (complaints.length === 0 || complaints.some((complaint) => this.#ownerOf(complaint) === undefined))
      throw new Error(`The code of the documentation cannot be compiled:\n${output.slice(0, 2000)}`);
    this.#complaints = complaints;
  }

  /**
   * What is wrong with a program, with lines of its document: the compiler's complaints, or its output when it does not end
   * well within `deadline` milliseconds. Empty when nothing is.
   */
  async problemOf(program: Program, deadline = 20_000): Promise<string> {
    const complaints = this.#complaints.filter((complaint) => this.#ownerOf(complaint) === program);
    if (complaints.length > 0) return this.#located(complaints.join('\n'));
    if (!program.runs) return '';
    const options = ['--enable-source-maps', '--import', './stand-in.js'];
    const { ok, output } = await runNode([...options, `${fileOf(program)}.js`], this.#folder, deadline);
    return ok ? '' : this.#located(`${program.document}:${program.line} does not end well\n${output}`);
  }

  #ownerOf(complaint: string): Program | undefined {
    const file = /^([^(]+)\.ts\(\d+,\d+\): /.exec(complaint)?.[1];
    return file === undefined ? undefined : this.#programs.get(file);
  }

  /** Puts the documents' names where the compiler and Node wrote those of our files. */
  #located(text: string): string {
    let located = text.replaceAll(`file://${this.#folder}/`, '').replaceAll(`${this.#folder}/`, '');
    for (const [file, { document }] of this.#programs)
      located = located.replaceAll(`${file}.ts(`, `${document}(`).replaceAll(`${file}.ts:`, `${document}:`);
    return located;
  }

  #write(file: string, text: string): void {
    writeFileSync(join(this.#folder, file), text);
  }
}

/** As strict as the packages themselves, less what is only for packages. */
function settings(files: readonly string[]): object {
  return {
    extends: join(root, 'tsconfig.base.json'),
    compilerOptions: {
      composite: false,
      declaration: false,
      declarationMap: false,
      isolatedDeclarations: false,
      tsBuildInfoFile: null,
      rootDir: '.',
      outDir: '.',
    },
    files: ['stand-in', ...files].map((file) => `${file}.ts`),
    include: [],
    references: packageFolders().map((name) => ({ path: join(root, 'packages', name) })),
  };
}

/** The program at line 30 of `docs/design.md` lies in `docs.design.md.30`. */
function fileOf({ document, line }: Program): string {
  return `${document.replaceAll('/', '.')}.${line}`;
}
