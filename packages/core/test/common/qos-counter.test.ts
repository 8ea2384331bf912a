import { QosCounter } from '../../src/common/qos-counter.ts';

const counter = (initialValue: number, maxPrefetch?: number): { qos: QosCounter; sent: number[] } => {
  const sent: number[] = [];
  const qos = new QosCounter(async (count) => void sent.push(count), { initialValue, maxPrefetch });
  return { qos, sent };
};

describe('behaviour 21: the QoS counter', () => {
  it('moves up and down, sends when told, and only changes', async () => {
    const { qos, sent } = counter(10);
    expect(qos.incrementEventually()).toBe(11);
    expect(qos.incrementEventually(3)).toBe(14);
    expect(qos.decrementEventually(5)).toBe(9);
    expect(sent).toEqual([]);
    expect(await qos.update()).toBe(9);
    await qos.update();
    expect(sent).toEqual([9]);
  });

  it('has a floor of 1', () => {
    const { qos } = counter(2);
    expect(qos.decrementEventually(7)).toBe(1);
    expect(qos.decrementEventually()).toBe(1);
  });

  it('stays without a limit once it is 0', () => {
    const { qos } = counter(0);
    expect(qos.incrementEventually()).toBe(0);
    expect(qos.decrementEventually()).toBe(0);
  });

  it('is capped at maxPrefetch', () => {
    const { qos } = counter(5, 6);
    expect(qos.incrementEventually(10)).toBe(6);
    expect(counter(9, 6).qos.incrementEventually()).toBe(9);
  });

  it('sends 0 for what AMQP cannot say, and remembers the value', async () => {
    const { qos, sent } = counter(65_534);
    qos.incrementEventually();
    await qos.update();
    qos.incrementEventually();
    expect(await qos.update()).toBe(65_536);
    qos.decrementEventually(2);
    await qos.update();
    expect(sent).toEqual([65_535, 0, 65_534]);
  });

  it('sends again what could not be sent', async () => {
    let failing = true;
    const sent: number[] = [];
    const qos = new QosCounter(
      async (count) => {
        if (failing) throw new Error('gone');
        sent.push(count);
      },
      { initialValue: 3 },
    );
    await expect(qos.update()).rejects.toThrow('gone');
    failing = false;
    await qos.update();
    expect(sent).toEqual([3]);
  });
});
