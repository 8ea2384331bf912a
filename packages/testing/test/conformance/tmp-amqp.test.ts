// @ts-nocheck
import { createRequire } from 'node:module';
import { execSync, spawn } from 'node:child_process';
import { errorOf, KombuError } from '@kombu/core/spi';
import { registerConformance, transportConformance, transportHarness } from '../../src/conformance/index.ts';
const amqp = createRequire('/tmp/amqp/package.json')('amqplib');
const codes = { 404: 'NOT_FOUND', 406: 'PRECONDITION_FAILED', 403: 'ACCESS_REFUSED', 405: 'RESOURCE_LOCKED' };
const classify = (e) => (e instanceof KombuError ? e.code : codes[e?.code] ?? (e?.name === 'IllegalOperationError' || /closed/i.test(e?.message ?? '') ? 'CLOSED' : e?.code === 'ECONNREFUSED' ? 'CONNECTION_FAILED' : 'INTERNAL'));
const transport = {
  name: 'amqplib', schemes: ['amqp'], classify,
  capabilities: { exchangeTypes: ['direct', 'topic', 'fanout', 'headers'], exchangeBindings: true, priority: true, delay: false, ttl: true, queueLimits: true, sharedBindings: true, acknowledge: 'broker', ordering: 'fifo', publisherConfirms: true, heartbeats: true },
  async connect(target, ctx) {
    if (ctx.signal.aborted) throw errorOf('ABORTED', 'aborted');
    const conn = await amqp.connect(target.url, { timeout: 3000 });
    let resolveClosed; const closed = new Promise((r) => (resolveClosed = r));
    let err;
    conn.on('error', (e) => (err = e)); conn.on('close', (e) => resolveClosed(err ?? e));
    let closing;
    return { closed, openChannel: (ev) => open(conn, ev), close: () => (closing ??= conn.close().catch(() => {})), };
  },
};
async function open(conn, events) {
  const ch = await conn.createConfirmChannel();
  const unacked = new Set(); const tags = new Set(); let failure, done = false, returned; let chain = Promise.resolve();
  ch.on('error', (e) => (failure = e));
  ch.on('close', () => { if (!done) { done = true; events.closed(failure); } });
  ch.on('return', (m) => { returned = m; if (!waiting) events.returned({ envelope: env(m), exchange: m.fields.exchange, routingKey: m.fields.routingKey, replyCode: m.fields.replyCode, replyText: m.fields.replyText }); });
  let waiting = false;
  const env = (m) => { const p = m.properties; const properties = {}; for (const k of ['deliveryMode', 'priority', 'correlationId', 'replyTo', 'messageId', 'timestamp', 'type', 'userId', 'appId']) if (p[k] !== undefined) properties[k] = p[k]; if (p.expiration !== undefined) properties.expiration = Number(p.expiration); const dates = (v) => v && v['!'] === 'timestamp' ? new Date(v.value * 1000) : v; return { body: m.content, contentType: p.contentType, contentEncoding: p.contentEncoding, headers: Object.fromEntries(Object.entries(p.headers ?? {}).map(([k, v]) => [k, dates(v)])), properties }; };
  const del = (m, noAck) => { if (!noAck) unacked.add(m.fields.deliveryTag); return { envelope: env(m), deliveryTag: m.fields.deliveryTag, consumerTag: m.fields.consumerTag, exchange: m.fields.exchange, routingKey: m.fields.routingKey, redelivered: m.fields.redelivered, messageCount: m.fields.messageCount }; };
  const run = async (f) => { try { return await f(); } catch (e) { throw failure ?? e; } };
  const take = (tag, multiple) => { const list = multiple ? [...unacked].filter((t) => t <= tag) : [tag]; if (!unacked.has(tag)) throw errorOf('PRECONDITION_FAILED', 'unknown tag'); for (const t of list) unacked.delete(t); };
  const publish = (e, r) => new Promise((res, rej) => {
    const { priority, expiration, ...p } = e.properties;
    if (priority !== undefined && !(Number.isInteger(priority) && priority >= 0 && priority <= 255)) return rej(errorOf('INVALID_ARGUMENT', 'priority'));
    if (r.delay) return rej(errorOf('UNSUPPORTED', 'delay'));
    const wrap = (v) => (v instanceof Date ? { '!': 'timestamp', value: Math.floor(v.getTime() / 1000) } : v);
    const fail = () => rej(failure ?? errorOf('CLOSED', 'closed'));
    ch.once('close', fail);
    try {
      ch.publish(r.exchange, r.routingKey, e.body, { ...p, priority, expiration: expiration === undefined ? undefined : String(expiration), contentType: e.contentType, contentEncoding: e.contentEncoding, headers: Object.fromEntries(Object.entries(e.headers).map(([k, v]) => [k, wrap(v)])), mandatory: r.mandatory }, (err) => { ch.removeListener('close', fail); err ? (failure ? rej(failure) : rej(done ? errorOf('CLOSED', 'closed') : errorOf('NACKED', 'nacked'))) : res('confirmed'); });
    } catch (x) { ch.removeListener('close', fail); rej(x); }
    if (!r.confirm) { ch.removeListener('close', fail); res('sent'); }
  });
  ch.setMaxListeners(0);
  let closing;
  return {
    declareExchange: (x) => run(() => x.passive ? ch.checkExchange(x.name) : ch.assertExchange(x.name, x.type, { durable: x.durable, autoDelete: x.autoDelete, arguments: x.arguments })),
    deleteExchange: (n, o) => run(() => ch.deleteExchange(n, o)),
    declareQueue: (q) => run(() => q.passive ? ch.checkQueue(q.name) : ch.assertQueue(q.name, { durable: q.durable, exclusive: q.exclusive, autoDelete: q.autoDelete, arguments: q.arguments })),
    deleteQueue: async (n, o) => (await run(() => ch.deleteQueue(n, o))).messageCount,
    purgeQueue: async (n) => (await run(() => ch.purgeQueue(n))).messageCount,
    bind: (b) => run(() => b.destinationType === 'queue' ? ch.bindQueue(b.destination, b.exchange, b.routingKey, b.arguments) : ch.bindExchange(b.destination, b.exchange, b.routingKey, b.arguments)),
    unbind: (b) => run(() => b.destinationType === 'queue' ? ch.unbindQueue(b.destination, b.exchange, b.routingKey, b.arguments) : ch.unbindExchange(b.destination, b.exchange, b.routingKey, b.arguments)),
    publish: (e, r) => {
      if (!r.mandatory || !r.confirm) return publish(e, r);
      const p = chain.then(async () => { waiting = true; returned = undefined; try { const g = await publish(e, r); if (returned) throw errorOf('UNROUTABLE', 'unroutable'); return g; } finally { waiting = false; } });
      chain = p.catch(() => {}); return p;
    },
    get: async (q, o) => { const m = await run(() => ch.get(q, o)); return m ? del(m, o.noAck) : undefined; },
    consume: async (o) => {
      if (tags.has(o.consumerTag)) throw errorOf('PRECONDITION_FAILED', 'tag in use');
      tags.add(o.consumerTag);
      await run(() => ch.prefetch(o.prefetch));
      await run(() => ch.consume(o.queue, (m) => { if (m) events.delivery(del(m, o.noAck)); else { tags.delete(o.consumerTag); events.cancelled(o.consumerTag); } }, { consumerTag: o.consumerTag, noAck: o.noAck, exclusive: o.exclusive, arguments: o.arguments }));
    },
    cancel: async (t) => { tags.delete(t); await run(() => ch.cancel(t)); },
    setPrefetch: async () => { throw errorOf('UNSUPPORTED', 'x'); },
    ack: async (t, o) => { take(t, o?.multiple); ch.ack({ fields: { deliveryTag: t } }, o?.multiple); return 'ok'; },
    reject: async (t, o) => { take(t); ch.nack({ fields: { deliveryTag: t } }, false, o.requeue); return 'ok'; },
    recover: async () => { await run(() => ch.recover()); },
    close: () => (closing ??= ch.close().catch(() => {})),
  };
}
const D = '/tmp/amqp/rmq';
registerConformance({ describe, it }, transportConformance, transportHarness({
  name: 'rabbit', transport, url: 'amqp://guest:guest@127.0.0.1:5693', unreachableUrl: 'amqp://guest:guest@127.0.0.1:1', quietMs: 60, deadlineMs: 4000,
}));
