import { createServer, type AddressInfo, type Server } from 'node:net';
import { once } from 'node:events';
import { isFree, releasePorts, reservePorts } from '../../src/parts/ports.ts';
import { temporaryFolder } from '../temporary-folder.ts';

const folder = temporaryFolder();
const open: Server[] = [];

afterEach(() => {
  for (const server of open.splice(0)) server.close();
});

async function listen(port: number): Promise<number> {
  const server = createServer();
  open.push(server);
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

describe('reservePorts', () => {
  it('gives free ports, all different, also to several at once', async () => {
    const both = await Promise.all([reservePorts(folder, 'a', ['x', 'y']), reservePorts(folder, 'b', ['x', 'y'])]);
    const ports = both.flatMap(({ x, y }) => [x, y]);
    expect(new Set(ports).size).toBe(4);
    expect(await Promise.all(ports.map(isFree))).toEqual([true, true, true, true]);
  });

  it('remembers them, but for those that somebody else took meanwhile', async () => {
    const before = await reservePorts(folder, 'c', ['x', 'y']);
    await listen(before.x);
    const after = await reservePorts(folder, 'c', ['x', 'y']);
    expect(after.y).toBe(before.y);
    expect(after.x).not.toBe(before.x);
  });

  it('does not give a reserved port to another instance before it is released', async () => {
    const { x } = await reservePorts(folder, 'd', ['x']);
    const taken = await reservePorts(folder, 'e', ['x']);
    expect(taken.x).not.toBe(x);
    releasePorts(folder, 'd');
    expect(await reservePorts(folder, 'd', ['x'])).toEqual({ x });
  });

  it('gives other ports to another folder', async () => {
    const names = ['x', 'y', 'z'] as const;
    const here = await reservePorts(folder, 'f', names);
    const there = await reservePorts(`${folder}/other`, 'f', names);
    expect(there).not.toEqual(here);
  });
});

describe('isFree', () => {
  it('is false while somebody listens', async () => {
    expect(await isFree(await listen(0))).toBe(false);
  });
});
