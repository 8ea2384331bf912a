import { describePrivateService, type Server } from '@kombu/services';

// In the usual folder, for the program is downloaded into it.
await describePrivateService('sqs', 'sqs', (start) => {
  let server: Server;
  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server.close());

  const ask = async (): Promise<string> => {
    const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amz-target': 'AmazonSQS.ListQueues' };
    const url = `http://127.0.0.1:${server.ports['sqs']}/`;
    return (await fetch(url, { method: 'POST', headers, body: '{}' })).text();
  };

  it('answers at the port that its URL names, again after it was killed', async () => {
    expect(new URL(server.url).port).toBe(String(server.ports['sqs']));
    expect(await ask()).toContain('QueueUrls');
    await server.kill();
    await expect(ask()).rejects.toThrow('fetch failed');
    await server.start();
    expect(await ask()).toContain('QueueUrls');
  });
});
