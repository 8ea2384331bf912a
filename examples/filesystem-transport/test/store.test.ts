import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { openStore, silent, temporaryFolders } from './support/folders.ts';
import { binding, look, message, payloadsOf } from './support/messages.ts';

describe('the store of filesystem', () => {
  it('keeps acked messages with storeProcessed', async () => {
    const options = temporaryFolders({ storeProcessed: true });
    const store = await openStore(options);
    await store.put('q', [message('x')]);
    const [name = ''] = readdirSync(options.dataFolderIn).filter((file) => file.endsWith('.msg'));
    const taken = await store.get('q', look);
    expect(readdirSync(options.processedFolder)).toEqual([]);
    const receipts = taken.map(({ receipt }) => receipt);
    expect(await store.ack('q', receipts)).toEqual(['ok']);
    expect(await readFile(join(options.processedFolder, name), 'utf8')).toBe('x');
    expect(readdirSync(join(options.dataFolderIn, 'claims'))).toEqual([]);
  });

  it('writes to one folder and reads from another', async () => {
    const folders = temporaryFolders();
    const here = await openStore({ ...folders, dataFolderOut: `${folders.dataFolderIn}-back` });
    const there = await openStore({ ...folders, dataFolderIn: `${folders.dataFolderIn}-back` });
    await here.put('q', [message('question')]);
    await there.put('q', [message('answer')]);
    expect([await payloadsOf(there, 'q'), await payloadsOf(here, 'q')]).toEqual([['question'], ['answer']]);
  });

  it('names the messages that could not be written', async () => {
    const options = temporaryFolders();
    const store = await openStore(options);
    const batch = [message('a'), message('b')];
    await rename(options.dataFolderIn, `${options.dataFolderIn}-gone`);
    const failures = await store.put('q', batch);
    expect(failures).toMatchObject([
      { index: 0, error: { code: 'ENOENT' } },
      { index: 1, error: { code: 'ENOENT' } },
    ]);
  });

  it('acks a message whose lease is being renewed', async () => {
    const options = temporaryFolders();
    const store = await openStore(options);
    await store.put(
      'q',
      Array.from({ length: 10 }, (_, index) => message(`m${index}`)),
    );
    const receipts = (await store.get('q', look)).map(({ receipt }) => receipt);
    const renewed = store.renew('q', receipts);
    const acked = store.ack('q', receipts);
    expect(new Set([...(await renewed), ...(await acked)])).toEqual(new Set(['ok']));
    expect(readdirSync(join(options.dataFolderIn, 'claims'))).toEqual([]);
  });

  it('passes over files that are none of its own', async () => {
    const options = temporaryFolders();
    const store = await openStore(options);
    const names = ['notes.txt', 'x.q.msg', '1_x_0.q.msg', '.q.msg', '1_x.q.msg.draft', '5-1_x.q.msg'];
    for (const folder of [options.dataFolderIn, join(options.dataFolderIn, 'claims')]) {
      for (const name of names)
        if (name !== '5-1_x.q.msg' || folder === options.dataFolderIn) writeFileSync(join(folder, name), 'x');
    }
    expect(await payloadsOf(store, 'q')).toEqual([]);
    expect(await store.size('q')).toBe(0);
    await store.delete('q');
    expect(readdirSync(options.dataFolderIn)).toEqual(expect.arrayContaining(names));
  });

  it('cannot be led out of its folders by a name', async () => {
    const options = temporaryFolders();
    const store = await openStore(options);
    const name = '../../../escaped';
    await store.put(name, [message('x')]);
    await store.bindings.add(binding(name, name, ''), 'topic');
    expect(await payloadsOf(store, name)).toEqual(['x']);
    expect(readdirSync(options.controlFolder)).toEqual(['..%2F..%2F..%2Fescaped.exchange']);
  });

  it('is polled when its folder cannot be watched, and says so', async () => {
    const warnings: string[] = [];
    const options = temporaryFolders();
    const store = await openStore(options, undefined, { ...silent, warn: (text) => warnings.push(text) });
    rmSync(options.dataFolderIn, { recursive: true });
    store.watch('q', () => undefined)();
    expect(warnings).toEqual(['The folder of messages cannot be watched and is polled instead']);
    await store.close();
  });
});

describe('the bindings of filesystem', () => {
  it('are the same array while nothing changed', async () => {
    const [store, other] = await twoStores();
    await store.bindings.add(binding('e', 'q', 'a'), 'topic');
    const list = await store.bindings.list('e');
    expect(await store.bindings.list('e')).toBe(list);
    await other.bindings.add(binding('e', 'q', 'b'), 'topic');
    expect(await store.bindings.list('e')).toHaveLength(2);
  });

  it('are all there when many are added at once', async () => {
    const [store, other] = await twoStores();
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    await Promise.all(
      keys.map((key, index) => (index % 2 ? store : other).bindings.add(binding('e', 'q', key), 'topic')),
    );
    const routingKeys = (await store.bindings.list('e')).map(({ routingKey }) => routingKey);
    expect(routingKeys.toSorted()).toEqual(keys.toSorted());
  });

  it('refuse arguments that JSON would change', async () => {
    const [store] = await twoStores();
    for (const value of [new Date(0), undefined, Number.NaN, Buffer.from('x')]) {
      const added = store.bindings.add({ ...binding('e', 'q', ''), arguments: { value } }, 'topic');
      await expect(added).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    }
  });

  it('outlive a process that died while it changed them', async () => {
    const options = temporaryFolders();
    const store = await openStore(options);
    const lock = join(options.controlFolder, 'lock');
    mkdirSync(lock);
    utimesSync(lock, 0, 0);
    await store.bindings.add(binding('e', 'q', 'a'), 'topic');
    expect(await store.bindings.list('e')).toHaveLength(1);
  });

  it.each(['{}', '[1]', '[["k", "", 7]]', '[["k", "", "q", "topic"]]', 'half ['])(
    'report a table of %s',
    async (text) => {
      const options = temporaryFolders();
      const store = await openStore(options);
      writeFileSync(join(options.controlFolder, 'e.exchange'), text);
      await expect(store.bindings.list('e')).rejects.toMatchObject({ code: 'INTERNAL' });
      await expect(store.bindings.list('e')).rejects.toThrow(/e\.exchange is no table of bindings/);
    },
  );
});

async function twoStores(): Promise<
  readonly [Awaited<ReturnType<typeof openStore>>, Awaited<ReturnType<typeof openStore>>]
> {
  const options = temporaryFolders();
  return [await openStore(options), await openStore(options)];
}
