import { join } from 'node:path';
import type { Program } from '../src/program.ts';
import { root } from '../src/repository.ts';
import { Workshop } from '../src/workshop.ts';

const program = (line: number, source: string, runs = true): Program => ({
  document: 'docs/planted.md',
  line,
  runs,
  source: `${'\n'.repeat(line - 1)}${source}\nexport {};\n`,
});

const good = program(
  10,
  `import { Connection, Queue } from '@kombu/core';
   await using connection = new Connection('amqp://guest:secret@example.com//');
   const queue = new Queue('planted');
   await connection.producer().publish('hello', { routingKey: 'planted', declare: [queue] });
   const message = await queue.get(connection);
   if (message?.payload !== 'hello') throw new Error('not there');`,
);
const mistyped = program(20, `const text: string = 1;\nconsole.log(text);`);
const failing = program(30, `\nif (process.pid > 0) throw new Error('planted');`);
const rejecting = program(40, `void Promise.reject(new Error('planted'));`);
const hanging = program(50, `setInterval(() => {}, 1000);`);
const waiting = program(60, `await new Promise(() => {});`);
const compiledOnly = program(70, `throw new Error('never run');`, false);

describe('Workshop', () => {
  const programs = [good, mistyped, failing, rejecting, hanging, waiting, compiledOnly];
  const workshop = new Workshop(join(root, 'tools/docs/.workshop/planted'), programs);
  beforeAll(() => workshop.compile(), 120_000);

  it('has nothing to say about a good program, whatever broker it names', async () => {
    expect(await workshop.problemOf(good)).toBe('');
  });

  it('compiles what is not to be run, and does not run it', async () => {
    expect(await workshop.problemOf(compiledOnly)).toBe('');
  });

  it.each([
    ['does not compile', mistyped, "docs/planted.md(20,7): error TS2322: Type 'number'"],
    ['throws', failing, 'docs/planted.md:31'],
    ['leaves a rejection unhandled', rejecting, 'docs/planted.md:40'],
    ['never ends', hanging, 'docs/planted.md:50 does not end well\nkilled'],
    ['waits for nothing', waiting, 'docs/planted.md:60 does not end well'],
  ])('reports a program that %s, with its place', async (_, planted, place) => {
    expect(await workshop.problemOf(planted, planted === hanging ? 1000 : undefined)).toContain(place);
  });
});
