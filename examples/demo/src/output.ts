import cliProgress from 'cli-progress';

/** Where the demo talks to. */
export interface Output {
  line(text: string): void;
  /** Shows how far something is, until `stop`. */
  progress(total: number, unit: string): Progress;
}

export interface Progress {
  update(done: number): void;
  stop(): void;
}

/** Writes to a stream: with a moving bar on a terminal, and with plain lines everywhere else. */
export function streamOutput(stream: NodeJS.WritableStream & { readonly isTTY?: boolean }): Output {
  const line = (text: string): void => void stream.write(`${text}\n`);
  return { line, progress: (total, unit) => (stream.isTTY ? bar(stream, total, unit) : lines(line, total, unit)) };
}

function bar(stream: NodeJS.WritableStream, total: number, unit: string): Progress {
  const format = `  {bar} {value} of {total} ${unit}`;
  const options = { format, stream, hideCursor: true, stopOnComplete: false };
  const single = new cliProgress.SingleBar(options, cliProgress.Presets.shades_classic);
  single.start(total, 0);
  return { update: (done) => single.update(done), stop: () => single.stop() };
}

/** A line for each quarter. */
function lines(line: (text: string) => void, total: number, unit: string): Progress {
  let next = 1;
  return {
    update(done) {
      while (next <= 4 && done >= (total * next) / 4) {
        line(`  ${Math.ceil((total * next) / 4)} of ${total} ${unit}`);
        next += 1;
      }
    },
    stop() {},
  };
}
