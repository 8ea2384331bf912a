import { TestBroker } from '../test/support/broker.ts';
import { publishUnderCuts } from '../test/support/publish-cuts.ts';
import { recoveryScript } from '../test/support/recovery-script.ts';

/** Another first seed reaches other scripts; a failure names the one to repeat. */
const firstSeed = Number(process.env['KOMBU_SOAK_SEED'] ?? 1);
const scripts = Number(process.env['KOMBU_SOAK_SCRIPTS'] ?? 500);

let broker: TestBroker;

beforeAll(async () => {
  broker = await TestBroker.open();
}, 120_000);
afterAll(() => broker.close());

it(`consumers are fed again after each of ${scripts} random scripts of faults on RabbitMQ (R1)`, async () => {
  for (let seed = firstSeed; seed < firstSeed + scripts; seed++) {
    await recoveryScript(broker, seed, 12).catch((cause: unknown) => {
      throw new Error(`Script ${seed}: ${(cause as Error).message}`, { cause });
    });
  }
}, 3_600_000);

it('of 10,000 publishes under random cuts every resolved one is in the broker, and the others say so (R6, R7)', async () => {
  const ends = await publishUnderCuts(broker, firstSeed, 10_000);
  expect(ends['confirmed']).toBeGreaterThan(1000);
  expect(ends['uncertain']).toBeGreaterThan(0);
}, 900_000);
