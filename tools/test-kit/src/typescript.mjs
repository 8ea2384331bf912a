/** `node --import` this to run TypeScript: a process that a test starts needs no build either. */
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';
import { fileURLToPath } from 'node:url';
import { transformFile } from '@swc/core';

if (isMainThread) register(import.meta.url);

export async function load(url, context, next) {
  if (!url.endsWith('.ts')) return next(url, context);
  const jsc = { target: 'es2023', parser: { syntax: 'typescript' } };
  const { code } = await transformFile(fileURLToPath(url), { jsc, module: { type: 'es6' } });
  return { format: 'module', source: code, shortCircuit: true };
}
