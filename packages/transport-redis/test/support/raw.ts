import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';

/** A client that knows nothing of this library, as a peer has one. */
export async function connectRaw(url: string): Promise<Redis> {
  const client = new Redis(url, { lazyConnect: true, protocol: 2 });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/**
 * The commands that have this text in them, as they come in: `"LPUSH" "key" "value"`. Over a socket of its own, for the client's
 * monitor fails when commands come in while it starts.
 */
export async function watchCommands(url: string, text: string): Promise<{ seen: string[]; stop: () => void }> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  const seen: string[] = [];
  const lines = createInterface({ input: socket });
  const begun = once(lines, 'line');
  lines.on('line', (line) => {
    if (line.includes(text)) seen.push(line.slice(line.indexOf('] ') + 2));
  });
  socket.write('MONITOR\r\n');
  await begun;
  return { seen, stop: () => socket.destroy() };
}

/** The numbers of the connections with this name. */
export async function connectionsNamed(client: Redis, name: string): Promise<readonly string[]> {
  const lines = String(await client.client('LIST')).split('\n');
  return lines.filter((line) => line.includes(` name=${name} `)).map((line) => /id=(\d+)/.exec(line)?.[1] ?? '');
}

/** The names of all keys that begin with this. */
export async function keysOf(client: Redis, prefix: string): Promise<readonly string[]> {
  const found = await client.keys(`${prefix}*`);
  return found.map((key) => key.slice(prefix.length)).toSorted();
}

/** The members of a sorted set and their scores by turns, the lowest first. */
export async function withScores(client: Redis, key: string): Promise<readonly string[]> {
  return (await client.call('ZRANGE', key, 0, -1, 'WITHSCORES')) as string[];
}

/** The members of a sorted set, the lowest first. */
export async function membersOf(client: Redis, key: string): Promise<readonly string[]> {
  return (await client.call('ZRANGE', key, 0, -1)) as string[];
}
