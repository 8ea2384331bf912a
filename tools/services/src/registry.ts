import { amqp } from './services/amqp.ts';
import { azureStorageQueue } from './services/azure-storage-queue.ts';
import { mongodb } from './services/mongodb.ts';
import type { RabbitMq } from './services/rabbitmq.ts';
import { redis, type Redis } from './services/redis.ts';
import { redisCluster, type RedisCluster } from './services/redis-cluster.ts';
import { redisSentinel, type RedisSentinel } from './services/redis-sentinel.ts';
import { zookeeper, type ZooKeeper } from './services/zookeeper.ts';
import { sqs } from './services/sqs.ts';
import type { Server } from './server.ts';
import type { Service } from './service.ts';

/** The servers that tests get, by the names of the services. */
interface Servers {
  readonly amqp: RabbitMq;
  readonly mongodb: Server;
  readonly 'azure-storage-queue': Server;
  readonly redis: Redis;
  readonly 'redis-cluster': RedisCluster;
  readonly 'redis-sentinel': RedisSentinel;
  readonly sqs: Server;
  readonly zookeeper: ZooKeeper;
}

const services: { readonly [N in keyof Servers]: Service<Servers[N]> } = {
  amqp,
  mongodb,
  'azure-storage-queue': azureStorageQueue,
  redis,
  'redis-cluster': redisCluster,
  'redis-sentinel': redisSentinel,
  sqs,
  zookeeper,
};

export type ServiceName = keyof Servers;

/** What `service(name)` resolves with. */
export type ServerOf<N extends ServiceName> = Servers[N];

export const serviceNames: readonly ServiceName[] = Object.keys(services) as ServiceName[];

/** The service of this name. Throws RangeError. */
export function serviceNamed<N extends ServiceName>(name: N): Service<ServerOf<N>>;
export function serviceNamed(name: string): Service;
export function serviceNamed(name: string): Service {
  if (Object.hasOwn(services, name)) return services[name as ServiceName];
  throw new RangeError(`There is no service ${name}, but ${serviceNames.join(', ')}`);
}
