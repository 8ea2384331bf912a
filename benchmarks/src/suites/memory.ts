import type { Body } from '../bodies.ts';
import { large, small } from '../bodies.ts';
import { arrayEnvelope } from '../contenders/array-envelope.ts';
import { arrayJson } from '../contenders/array-json.ts';
import { KombuMemory } from '../contenders/kombu-memory.ts';
import { PythonKombu } from '../contenders/python-kombu.ts';
import type { Case, Goal, Suite } from '../suite.ts';

export const memory: Suite = {
  name: 'memory',
  about: 'publish + consume + ack within one process',
  *cases() {
    yield publishConsumeAck(small, (kombu, envelope, python) => [
      { contender: kombu, atLeast: 0.6, timesAsFastAs: envelope },
      { contender: kombu, atLeast: 8, timesAsFastAs: python },
    ]);
    yield publishConsumeAck(large);
  },
};

function publishConsumeAck(
  body: Body,
  goals: (kombu: string, envelope: string, python: string) => readonly Goal[] = () => [],
): Case {
  const kombu = new KombuMemory(body);
  const envelope = arrayEnvelope(body);
  const python = new PythonKombu('memory://', body);
  return {
    title: `memory: publish + consume + ack, ${body.label}, 1000 in flight, prefetch 100`,
    unit: 'messages',
    contenders: [envelope, arrayJson(body), kombu, python],
    goals: goals(kombu.name, envelope.name, python.name),
  };
}
