import { PassThrough } from 'node:stream';
import { streamOutput } from '../src/output.ts';

describe('progress', () => {
  it('is a line for each quarter where there is no terminal', () => {
    const stream = new PassThrough({ encoding: 'utf8' });
    const progress = streamOutput(stream).progress(10, 'messages');
    for (let done = 1; done <= 10; done += 1) progress.update(done);
    progress.stop();
    expect(String(stream.read())).toBe(
      '  3 of 10 messages\n  5 of 10 messages\n  8 of 10 messages\n  10 of 10 messages\n',
    );
  });

  it('is a bar on a terminal', () => {
    const stream = Object.assign(new PassThrough({ encoding: 'utf8' }), {
      isTTY: true,
      columns: 80,
      cursorTo() {},
      moveCursor() {},
      clearLine() {},
    });
    const progress = streamOutput(stream).progress(10, 'messages');
    progress.update(10);
    progress.stop();
    expect(String(stream.read())).toContain('10 of 10 messages');
    expect(String(stream.read() ?? '')).not.toContain('3 of 10');
  });
});
