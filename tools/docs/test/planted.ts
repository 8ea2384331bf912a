import type { Program } from '../src/program.ts';

const program = (line: number, source: string, runs = true): Program => ({
  document: 'docs/planted.md',
  line,
  runs,
  source: `${'\n'.repeat(line - 1)}${source}\nexport {};\n`,
});

/** Programs as no document has them, to see what the check makes of them. */
export const planted = {
  good: program(
    1,
    `import { Connection, Queue } from '@kombu/core';
     await using connection = new Connection('amqp://guest:secret@example.com//?heartbeat=10&unknown=1');
     const queue = new Queue('planted');
     await connection.producer().publish('hello', { routingKey: 'planted', declare: [queue] });
     const message = await queue.get(connection);
     if (message?.payload !== 'hello') throw new Error('not there');`,
  ),
  mistyped: program(20, `const text: string = 1;\nconsole.log(text);`),
  failing: program(30, `\nif (process.pid > 0) throw new Error('planted');`),
  rejecting: program(40, `void Promise.reject(new Error('planted'));`),
  hanging: program(50, `setInterval(() => {}, 1000);`),
  waiting: program(60, `await new Promise(() => {});`),
  compiledOnly: program(70, `throw new Error('never run');`, false),
} as const;

export const plantedPrograms: readonly Program[] = Object.values(planted);
