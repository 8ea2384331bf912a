import { setImmediate } from 'node:timers/promises';
import { ManualClock } from '@kombu/testing';
import type { RedisClient } from '../src/client.ts';
import { Probe } from '../src/servers/probe.ts';

const options = { healthCheckInterval: 1000, socketTimeout: 100 };

/** A connection whose server answers in the next turn of the event loop, or never. */
function client(answers: boolean): RedisClient {
  const call = (): Promise<unknown> => (answers ? setImmediate('PONG') : new Promise(() => undefined));
  return { call } as Partial<RedisClient> as RedisClient;
}

/** How many PINGs were not answered after a process did nothing for longer than the time for an answer. */
async function deadAfterStall(...clients: readonly RedisClient[]): Promise<number> {
  const clock = new ManualClock({ turns: 0 });
  let dead = 0;
  const probe = new Probe(clients, { clock, options }, () => (dead += 1));
  // The timers of a process that wakes up are due before it reads what has arrived.
  await clock.advance(options.healthCheckInterval);
  await clock.advance(options.socketTimeout);
  for (let turn = 0; turn < 5; turn++) await setImmediate();
  probe.stop();
  return dead;
}

describe('Probe', () => {
  it('R30: an answer that waited while this process was busy counts', async () => {
    expect(await deadAfterStall(client(true), client(true))).toBe(0);
  });

  it('R16: a socket that does not answer is dead, whatever the other one does', async () => {
    expect(await deadAfterStall(client(true), client(false))).toBe(1);
  });
});
