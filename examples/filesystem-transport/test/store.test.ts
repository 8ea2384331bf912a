import { readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from './support/folders.ts';
import { openStore, temporaryFolders } from './support/folders.ts';
import { binding, look, message, payloadsOf } from './support/messages.ts';

describe('the store of filesystem', () => {
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
    const [acked] = await Promise.all([store.ack('q', receipts), store.renew('q', receipts)]);
    expect(acked).toEqual(receipts.map(() => 'ok'));
    expect(readdirSync(join(options.dataFolderIn, 'claims'))).toEqual([]);
  });

  it('passes over files that are none of its own', async () => {
    const options = temporaryFolders();
    const store = await openStore(options);
    const names = ['notes.txt', 'x.q.msg', '.q.msg', '1_x.q.msg.draft', '5-1_x.q.msg'];
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
});

describe('the bindings of filesystem', () => {
  it('are all there when many are added at once', async () => {
    const [store, other] = await twoStores();
    const keys = Array.from({ length: 20 }, (_, index) => `k${index}`);
    await Promise.all(
      keys.map((key, index) => (index % 2 ? store : other).bindings.add(binding('e', 'q', key), 'topic')),
    );
    const routingKeys = (await store.bindings.list('e', 'topic')).map(({ routingKey }) => routingKey);
    expect(routingKeys.toSorted()).toEqual(keys.toSorted());
  });

  it('outlive a process that died while it changed them', async () => {
    const options = temporaryFolders();
    const store = await openStore(options);
    const draft = join(options.controlFolder, 'e.exchange.draft');
    writeFileSync(draft, '[');
    utimesSync(draft, 0, 0);
    await store.bindings.add(binding('e', 'q', 'a'), 'topic');
    expect(await store.bindings.list('e', 'topic')).toHaveLength(1);
  });

  it.each(['{}', '[1]', '[["k", "", 7]]', '[["k", "", "q", "topic"]]', '[null]', 'half ['])(
    'report a table of %s',
    async (text) => {
      const options = temporaryFolders();
      const store = await openStore(options);
      writeFileSync(join(options.controlFolder, 'e.exchange'), text);
      await expect(store.bindings.list('e', 'topic')).rejects.toMatchObject({ code: 'INTERNAL' });
      await expect(store.bindings.list('e', 'topic')).rejects.toThrow(/e\.exchange is no table of bindings/);
    },
  );
});

async function twoStores(): Promise<readonly [Store, Store]> {
  const options = temporaryFolders();
  return [await openStore(options), await openStore(options)];
}
