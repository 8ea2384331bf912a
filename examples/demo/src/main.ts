import { AbortedError, InvalidArgumentError, KombuError } from '@kombu/core';
import { runDemo } from './demo.ts';
import { streamOutput } from './output.ts';

const output = streamOutput(process.stdout);
const interrupted = new AbortController();
process.once('SIGINT', () => interrupted.abort(new AbortedError('Interrupted')));

try {
  // The transport is found by the scheme of the URL, in the packages that this one depends on.
  const url = process.env['KOMBU_URL'] ?? 'memory://demo';
  const timeout = Number(process.env['KOMBU_DEMO_TIMEOUT'] ?? 60_000);
  if (!(timeout > 0)) throw new InvalidArgumentError('KOMBU_DEMO_TIMEOUT must be a number of milliseconds above 0');
  const { ok } = await runDemo({ url, timeout, output, signal: interrupted.signal });
  process.exitCode = ok ? 0 : 1;
} catch (error) {
  // What the library says is meant for people; anything else is a bug, and then the stack helps.
  output.line('');
  output.line(error instanceof KombuError ? `${error.name}: ${error.message}` : String((error as Error).stack));
  process.exitCode = 1;
}

// Nothing should be left that keeps the process alive. If something is, it must not keep it for ever.
setTimeout(() => process.exit(), 5000).unref();
