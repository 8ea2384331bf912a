import { describePrivateService, type Server } from '@kombu/services';

await describePrivateService('azure-storage-queue', 'azure-storage-queue', (start) => {
  let azurite: Server;
  beforeAll(async () => {
    azurite = await start();
  });
  afterAll(() => azurite.close());

  it('answers, refuses strangers, and does so again after a restart', async () => {
    const account = azurite.url.slice(azurite.url.lastIndexOf('@') + 1);
    expect((await fetch(`${account}/queue?comp=metadata`)).status).toBe(403);
    await azurite.restart();
    expect((await fetch(`${account}/queue?comp=metadata`)).status).toBe(403);
  });
});
