import { describePrivateService } from '@kombu/services';
import { ownServicesFolder } from '../temporary-folder.ts';

ownServicesFolder();

await describePrivateService('zookeeper', 'a ZooKeeper', (start) => {
  it('answers, also after a restart, and takes other settings', async () => {
    await using zookeeper = await start({ tickTime: '700' });
    expect(await zookeeper.command('conf')).toContain('minSessionTimeout=1400');
    const { pids } = zookeeper;
    await zookeeper.restart();
    expect(zookeeper.pids).not.toEqual(pids);
    expect(await zookeeper.command('srvr')).toMatch(/^Zookeeper version: \d+/);
  });
});
