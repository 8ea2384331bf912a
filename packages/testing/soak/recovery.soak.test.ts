import { recoveryScript } from '../test/client/support/recovery-script.ts';

/** Another first seed reaches other scripts; a failure names the one to repeat. */
const firstSeed = Number(process.env['KOMBU_SOAK_SEED'] ?? 1);

it('50 consumers are fed again after each of 500 random scripts of faults (R1)', async () => {
  for (let seed = firstSeed; seed < firstSeed + 500; seed++) {
    await recoveryScript(seed).catch((cause: unknown) => {
      throw new Error(`Script ${seed}: ${(cause as Error).message}`, { cause });
    });
  }
}, 900_000);
