import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { describePrivateService, type RabbitMq } from '@kombu/services';
import { greetsAmqp } from '../../src/parts/amqp-greeting.ts';
import { ownServicesFolder } from '../temporary-folder.ts';

ownServicesFolder();

await describePrivateService('amqp', 'amqp', (start) => {
  let rabbit: RabbitMq;
  beforeAll(async () => {
    rabbit = await start();
  });
  afterAll(() => rabbit.close());

  it('answers by AMQP and by its HTTP API', async () => {
    expect(await greetsAmqp(rabbit.ports['amqp'] ?? 0)).toBe(true);
    expect(await rabbit.api.send('GET', '/overview')).toMatchObject({ product_name: 'RabbitMQ' });
    expect(rabbit.description).toMatch(/^RabbitMQ \d+\.\d+\.\d+ \(\//);
  });

  it('takes the client certificate over TLS', async () => {
    const { hostname, port, searchParams } = new URL(rabbit.variants['external'] ?? '');
    const file = (name: string): Buffer => readFileSync(searchParams.get(name) ?? '');
    const files = { ca: file('ssl_ca_certs'), cert: file('ssl_certfile'), key: file('ssl_keyfile') };
    const socket = connect({ host: hostname, port: Number(port), ...files });
    socket.write('AMQP\x00\x00\x09\x01', 'latin1');
    let greeting = '';
    for await (const bytes of socket) {
      greeting = String(bytes);
      break;
    }
    expect(greeting).toContain('EXTERNAL');
    expect(await rabbit.api.send('GET', '/permissions/%2F/kombu-client')).toMatchObject({ read: '.*' });
  });

  it('makes virtual hosts and users, and lists queues', async () => {
    const { name, url } = await rabbit.createVirtualHost();
    expect(url).toBe(rabbit.urlFor({ virtualHost: name }));
    await rabbit.api.send('PUT', `/queues/${name}/orders`, { durable: true });
    const none = { messages: 0, ready: 0, unacknowledged: 0, consumers: 0 };
    expect(await rabbit.queues(name)).toEqual([{ name: 'orders', ...none }]);
    await rabbit.createUser('reader', 'secret', { write: '' }, name);
    expect(await rabbit.api.send('GET', `/permissions/${name}/reader`)).toMatchObject({ write: '', read: '.*' });
    await rabbit.deleteUser('reader');
    await rabbit.deleteVirtualHost(name);
    await expect(rabbit.api.send('GET', `/vhosts/${name}`)).rejects.toThrow('404');
  });

  it('sets and clears the memory alarm', async () => {
    const check = (): Promise<unknown> => rabbit.api.send('GET', '/health/checks/alarms');
    await rabbit.setMemoryAlarm(true);
    await expect(check()).rejects.toThrow('503');
    await rabbit.setMemoryAlarm(false);
    expect(await check()).toEqual({ status: 'ok' });
  });

  it('keeps durable queues when it restarts', async () => {
    await rabbit.api.send('PUT', '/queues/%2F/kept', { durable: true });
    await rabbit.restart();
    expect((await rabbit.queues()).map(({ name }) => name)).toEqual(['kept']);
  });
});
