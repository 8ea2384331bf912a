import { describeService } from '@kombu/services';
import { faultScript } from '../test/support/fault-script.ts';

/** Another first seed reaches other scripts; a failure names the one to repeat. */
const firstSeed = Number(process.env['KOMBU_SOAK_SEED'] ?? 1);
const scripts = Number(process.env['KOMBU_SOAK_SCRIPTS'] ?? 50);

await describeService('zookeeper', 'recovery', ({ url }) => {
  it('every consumer hears again after each of the random scripts of faults (R1, R4)', async () => {
    for (let seed = firstSeed; seed < firstSeed + scripts; seed++) {
      await faultScript(url, seed).catch((cause: unknown) => {
        throw new Error(`Script ${seed}: ${(cause as Error).message}`, { cause });
      });
    }
  }, 3_600_000);
});
