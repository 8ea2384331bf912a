import type { Output } from '../src/output.ts';

/** Keeps what the demo says. `onProgress` hears how far it is. */
export function recordedOutput(
  onProgress: (done: number, total: number) => void = () => {},
): Output & { text(): string } {
  const said: string[] = [];
  return {
    line: (text) => void said.push(text),
    progress: (total) => ({ update: (done) => onProgress(done, total), stop() {} }),
    text: () => said.join('\n'),
  };
}
