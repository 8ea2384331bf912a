import { readFileSync, readdirSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Connection } from '@kombu/core';
import { filesystemTransport } from '../src/index.ts';
import type { FilesystemOptions } from '../src/options.ts';
import type { Store } from './support/folders.ts';
import { openStore, temporaryFolders } from './support/folders.ts';
import { binding, look, message, payloadsOf } from './support/messages.ts';

/** Byte for byte what Kombu 5.6 wrote for a publish with a header, a correlation id and an expiration. */
const envelope =
  '{"body": "eyJoZWxsbyI6ICJ3XHUwMGY2cmxkIn0=", "content-encoding": "utf-8", "content-type": "application/json", ' +
  '"headers": {"h": 1}, "properties": {"correlation_id": "cid", "reply_to": "rt", "delivery_mode": 2, ' +
  '"expiration": "2500000", "delivery_info": {"exchange": "stock", "routing_key": "stock.us.x"}, "priority": 0, ' +
  '"body_encoding": "base64", "delivery_tag": "677ff0d5-dc4f-4642-b900-0a67c6ab2873"}}';

let options: FilesystemOptions;
let store: Store;

beforeEach(async () => {
  options = temporaryFolders();
  store = await openStore(options);
});

afterEach(() => store.close());

const write = (name: string, text: string): void => writeFileSync(join(options.dataFolderIn, name), text);
const table = (exchange: string): string => join(options.controlFolder, `${exchange}.exchange`);
const messageFiles = (): readonly string[] => readdirSync(options.dataFolderIn).filter((name) => name !== 'claims');

describe('what Kombu wrote', () => {
  it('is delivered with its headers and properties', async () => {
    write('4072090_0b6f2d29-b3d2-4929-8757-b8e53bc796d0.us.msg', envelope);
    await using connection = connect();
    const received = await connection.simpleQueue('us').get({ timeout: 5000 });
    expect(received.payload).toEqual({ hello: 'wörld' });
    expect(received.headers).toEqual({ h: 1 });
    expect(received.properties).toMatchObject({ correlationId: 'cid', replyTo: 'rt', expiration: 2_500_000 });
    expect(received.deliveryInfo).toMatchObject({ exchange: 'stock', routingKey: 'stock.us.x', redelivered: false });
    await received.ack();
    expect(messageFiles()).toEqual([]);
  });

  it('comes out oldest first, also where the clock got a digit longer', async () => {
    write('1000000000_0b6f2d29-b3d2-4929-8757-b8e53bc796d0.q.msg', 'second');
    write('999999999_eb194cd0-86e5-41f5-bdf3-d5fbe4a30b31.q.msg', 'first');
    write('1000000001_0b2dff8b-9502-41d7-a072-a24d680aeee3.q.msg', 'third');
    expect(await payloadsOf(store, 'q')).toEqual(['first', 'second', 'third']);
  });

  it('belongs to the queue of exactly this name', async () => {
    write('4072091_c7999c13-4ab9-4e1f-9ad7-a7bb7c80740e.x.a.msg', 'for x.a');
    write('4072091_c7999c13-4ab9-4e1f-9ad7-a7bb7c80740f.a.msg.msg', 'for a.msg');
    expect(await payloadsOf(store, 'a')).toEqual([]);
    expect(await payloadsOf(store, 'x.a')).toEqual(['for x.a']);
    expect(await payloadsOf(store, 'a.msg')).toEqual(['for a.msg']);
  });

  it('is not delivered before it is written, because Kombu makes the file first, and not lost either', async () => {
    const name = '4072091_c7999c13-4ab9-4e1f-9ad7-a7bb7c80740e.q.msg';
    write(name, '');
    expect(await payloadsOf(store, 'q')).toEqual([]);
    const claim = join(options.dataFolderIn, 'claims', name);
    writeFileSync(claim, 'written later, through the open file');
    utimesSync(claim, 0, 0);
    expect(await payloadsOf(store, 'q')).toEqual(['written later, through the open file']);
  });

  it('counts as binding', async () => {
    writeFileSync(table('orders'), '[["", "", "fq2"], ["k", "", "fq"]]');
    writeFileSync(table('stock'), String.raw`[["stock.us.*", "^stock\\.us\\..*?[^\\.]$", "us"]]`);
    expect(await store.bindings.list('orders', undefined)).toEqual([
      binding('orders', 'fq2', ''),
      binding('orders', 'fq', 'k'),
    ]);
    expect(await store.bindings.list('stock', undefined)).toEqual([binding('stock', 'us', 'stock.us.*')]);
  });

  it('counts as no binding before it is written, because Kombu makes the file first', async () => {
    writeFileSync(table('orders'), '');
    expect(await store.bindings.list('orders', undefined)).toEqual([]);
    await store.bindings.add(binding('orders', 'fq', 'k'), 'direct');
    expect(await store.bindings.list('orders', undefined)).toEqual([binding('orders', 'fq', 'k')]);
  });
});

describe('what we write', () => {
  it('is named as Kombu does, in the milliseconds of its clock, with an envelope that it reads', async () => {
    await using connection = connect();
    const before = monotonicMs();
    const bodies = { 'a queue': 1, 'queue.with.dots': 2 };
    for (const [routingKey, body] of Object.entries(bodies)) {
      await connection.producer({ serializer: 'json' }).publish(body, { exchange: '', routingKey });
    }
    expect(messageFiles()).toHaveLength(2);
    const [first = ''] = messageFiles().filter((name) => name.includes('a queue'));
    const uuid4 = '[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
    expect(first).toMatch(new RegExp(String.raw`^\d+_${uuid4}\.a queue\.msg$`));
    expect(Number.parseInt(first, 10)).toBeGreaterThanOrEqual(before);
    expect(Number.parseInt(first, 10)).toBeLessThanOrEqual(monotonicMs() + 1);
    expect(JSON.parse(readFileSync(join(options.dataFolderIn, first), 'utf8'))).toMatchObject({
      body: 'MQ==',
      'content-type': 'application/json',
      'content-encoding': 'utf-8',
      headers: {},
      properties: {
        body_encoding: 'base64',
        delivery_info: { exchange: '', routing_key: 'a queue' },
        delivery_mode: 2,
        delivery_tag: expect.stringMatching(uuid4),
        priority: 0,
      },
    });
  });

  it('sorts by age within a millisecond, as numbers and as texts', async () => {
    const payloads = Array.from({ length: 50 }, (_, index) => `m${index}`);
    await store.put('q', payloads.map(message));
    const texts = messageFiles()
      .toSorted()
      .map((name) => readFileSync(join(options.dataFolderIn, name), 'utf8'));
    expect(texts).toEqual(payloads);
  });

  it('keeps its place when it comes back, under a name that Kombu reads', async () => {
    await store.put('q', [message('first'), message('second')]);
    const [name = ''] = messageFiles().toSorted();
    const [first] = await store.get('q', { ...look, max: 1 });
    if (first) await store.release('q', [first.receipt], { delayMs: 0 });
    expect(messageFiles()).toContain(name.replace('.q.msg', '_1.q.msg'));
    expect(await store.get('q', look)).toMatchObject([
      { payload: 'first', deliveryCount: 1 },
      { payload: 'second', deliveryCount: 0 },
    ]);
  });

  it('is out of sight of Kombu while it is claimed', async () => {
    await store.put('q', [message('x')]);
    await store.get('q', look);
    // Kombu takes what contains this.
    expect(readdirSync(options.dataFolderIn).filter((name) => name.includes('.q.msg'))).toEqual([]);
  });

  it('as binding of a topic exchange has the pattern by which Kombu matches, the newest first', async () => {
    await store.bindings.add(binding('stock', 'us', 'stock.us.*'), 'topic');
    await store.bindings.add(binding('stock', 'plain', 'stock.plain'), 'topic');
    expect(JSON.parse(readFileSync(table('stock'), 'utf8'))).toEqual([
      ['stock.plain', String.raw`^stock\.plain$`, 'plain'],
      ['stock.us.*', String.raw`^stock\.us\..*?[^\.]$`, 'us'],
    ]);
  });

  it('as binding of other exchanges has none', async () => {
    await store.bindings.add(binding('orders', 'fq', 'k'), 'direct');
    await store.bindings.add(binding('news', 'fq2', ''), 'fanout');
    expect(JSON.parse(readFileSync(table('orders'), 'utf8'))).toEqual([['k', '', 'fq']]);
    expect(JSON.parse(readFileSync(table('news'), 'utf8'))).toEqual([['', '', 'fq2']]);
  });

  it('leaves a binding of Kombu alone that is the same but for the pattern, and removes it', async () => {
    const text = String.raw`[["a.*", "^a\\.[^\\.]+$", "q"]]`;
    writeFileSync(table('stock'), text);
    await store.bindings.add(binding('stock', 'q', 'a.*'), 'topic');
    expect(readFileSync(table('stock'), 'utf8')).toBe(text);
    await store.bindings.remove(binding('stock', 'q', 'a.*'));
    expect(await store.bindings.list('stock', undefined)).toEqual([]);
  });

  it('has nothing about arguments and exchanges, which Kombu has no place for', () => {
    const headers = { ...binding('stock', 'q', ''), arguments: { 'x-match': 'all', n: 1 } };
    const chained = { ...binding('stock', 'q', '#'), destinationType: 'exchange' as const };
    expect([headers, chained, binding('stock', 'q', '')].map((each) => store.bindings.carries?.(each))).toEqual([
      false,
      false,
      true,
    ]);
  });
});

function monotonicMs(): number {
  return Number(process.hrtime.bigint() / 1_000_000n);
}

function connect(): Connection {
  return new Connection('filesystem://', { transport: filesystemTransport, transportOptions: { ...options } });
}
