import { describePrivateService, type RedisCluster } from '@kombu/services';
import { ownServicesFolder } from '../temporary-folder.ts';

ownServicesFolder();

await describePrivateService('redis-cluster', 'redis-cluster', (start) => {
  let cluster: RedisCluster;
  beforeAll(async () => {
    cluster = await start();
  });
  afterAll(() => cluster.close());

  it('has three masters that hold all slots', async () => {
    const nodes = await cluster.command('node1', 'CLUSTER', 'NODES');
    expect(nodes.match(/master - .* connected \d/g)).toHaveLength(3);
    const ports = [...cluster.url.matchAll(/127\.0\.0\.1:(\d+)/g)].map(([, port]) => Number(port));
    expect(ports).toEqual(Object.values(cluster.ports));
  });

  it('loses one node and gets it back', async () => {
    await cluster.kill('node2');
    expect(Object.keys(cluster.pids)).toEqual(['node1', 'node3']);
    await cluster.start('node2');
    expect(await cluster.command('node1', 'CLUSTER', 'INFO')).toContain('cluster_state:ok');
  });
});
