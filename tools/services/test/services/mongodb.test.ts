import { describePrivateService } from '@kombu/services';
import { answersHello } from '../../src/parts/mongo-hello.ts';

await describePrivateService('mongodb', 'a MongoDB', (start) => {
  it('answers when it is started, and no more when it is stopped', async () => {
    await using server = await start();
    const port = Number(new URL(server.url).port);
    expect(await answersHello(port)).toBe(true);
    await server.stop();
    expect(await answersHello(port)).toBe(false);
    await server.start();
    expect(await answersHello(port)).toBe(true);
  });

  it('hangs while it is paused', async () => {
    await using server = await start();
    server.pause();
    expect(await answersHello(Number(new URL(server.url).port), 100)).toBe(false);
    server.resume();
  });
});
