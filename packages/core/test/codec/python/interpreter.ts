import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const interpreter = process.env['KOMBU_PYTHON'];

/**
 * Declares a test that asks Python Kombu. It runs where the environment variable KOMBU_PYTHON names an interpreter with
 * kombu and the libraries of its serializers and compressors, and is skipped elsewhere.
 */
export function itWithPython(name: string, test: () => void): void {
  if (interpreter) it(name, test);
  else it.skip(`${name} (skipped: KOMBU_PYTHON names no Python with kombu)`, test);
}

/** What a script prints as JSON when it gets `input` as JSON. */
export function runPython(script: URL, input: unknown): unknown {
  const { status, stdout, stderr, error } = spawnSync(interpreter ?? 'python3', [fileURLToPath(script)], {
    input: JSON.stringify(input),
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: 60_000,
  });
  if (error) throw error;
  if (status !== 0) throw new Error(`Python failed: ${stderr}`);
  return JSON.parse(stdout);
}
