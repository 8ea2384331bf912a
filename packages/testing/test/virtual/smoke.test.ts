import { Rig, consume, envelope, queue, toQueue } from './rig.ts';

it('smoke', async () => {
  const rig = Rig.memory();
  const { connection, channel, events } = await rig.start();
  await channel.declareQueue(queue('q'));
  await channel.publish(envelope('one'), toQueue('q'));
  await channel.consume(consume('q', { prefetch: 10 }));
  await rig.settle();
  expect(events.bodies).toEqual(['one']);
  expect(await channel.ack(events.deliveries[0]!.deliveryTag)).toBe('ok');
  await connection.close();
  expect(rig.transport.broker()?.counts('q')).toEqual({ ready: 0, leased: 0, delayed: 0 });
});
