import {
  InvalidArgumentError,
  KombuError,
  TransportNotInstalledError,
  UnknownTransportError,
} from '../../src/errors.ts';
import { TransportRegistry, transports } from '../../src/registry/transport-registry.ts';
import type { Transport } from '../../src/spi/transport.ts';
import { fakeTransport } from './fake-transport.ts';

const redis = fakeTransport('redis', ['redis', 'rediss']);

/** A registry over packages given as a plain object, and the names that it tried to import. */
function registryOver(packages: Readonly<Record<string, unknown>>): { registry: TransportRegistry; loaded: string[] } {
  const loaded: string[] = [];
  const load = async (name: string): Promise<unknown> => {
    loaded.push(name);
    const found = packages[name];
    if (found instanceof Error) throw found;
    return found;
  };
  return { registry: new TransportRegistry({ load, dependencies: () => Object.keys(packages) }), loaded };
}

function moduleError(code: string, message: string): Error {
  return Object.assign(new Error(message), { code });
}

describe('register', () => {
  it('makes a transport known under all its schemes, in any letter case', () => {
    const { registry } = registryOver({});
    const sqs = fakeTransport('sqs', ['SQS']);
    registry.register(redis);
    registry.register(sqs);
    expect(registry.get('rediss')).toBe(redis);
    expect(registry.get('Redis')).toBe(redis);
    expect(registry.get('sqs')).toBe(sqs);
    expect(registry.get('amqp')).toBeUndefined();
  });

  it('takes the same object twice, but not another one for a scheme, not even in part', () => {
    const { registry } = registryOver({});
    registry.register(redis);
    registry.register(redis);
    const valkey = fakeTransport('valkey', ['valkey', 'REDIS']);
    expect(() => registry.register(valkey)).toThrow(InvalidArgumentError);
    expect(() => registry.register(valkey)).toThrow(
      'Transport valkey cannot have the scheme "redis": transport redis has it',
    );
    expect(registry.get('valkey')).toBeUndefined();
    expect(registry.unregister(redis)).toBe(true);
    expect(registry.unregister(redis)).toBe(false);
    registry.register(valkey);
    expect(registry.get('redis')).toBe(valkey);
    expect(registry.get('rediss')).toBeUndefined();
  });

  it.each<[string, unknown]>([
    ['it is undefined', undefined],
    ['it is null', null],
    ['it is function', () => redis],
    ['its "name" is not a string', { ...redis, name: '' }],
    ['its "schemes" is not a list', { ...redis, schemes: 'redis' }],
    ['its "schemes" is not a list', { ...redis, schemes: [] }],
    ['"redis:" in its "schemes"', { ...redis, schemes: ['redis:'] }],
    ['its "capabilities"', { ...redis, capabilities: undefined }],
    ['its "connect" is not a function', { ...redis, connect: undefined }],
    ['its "classify" is not a function', { ...redis, classify: 'x' }],
  ])('refuses what is no transport: %s', (problem, value) => {
    const { registry } = registryOver({});
    expect(() => registry.register(value as Transport)).toThrow(InvalidArgumentError);
    expect(() => registry.register(value as Transport)).toThrow(problem);
  });

  it('keeps registries apart', () => {
    registryOver({}).registry.register(redis);
    expect(registryOver({}).registry.get('redis')).toBeUndefined();
    expect(transports).toBeInstanceOf(TransportRegistry);
    expect(transports.get('redis')).toBeUndefined();
  });
});

describe('schemes', () => {
  it('lists what is registered and what is announced', () => {
    const { registry } = registryOver({});
    registry.register(fakeTransport('nats', ['nats']));
    registry.announce('Kafka', 'some-kafka');
    expect(registry.schemes()).toEqual(expect.arrayContaining(['amqp', 'kafka', 'memory', 'nats', 'redis+socket']));
    expect(registry.schemes()).toEqual(registry.schemes().toSorted());
  });
});

describe('resolve', () => {
  it('gives a registered transport without loading anything', async () => {
    const { registry, loaded } = registryOver({});
    registry.register(redis);
    await expect(registry.resolve('REDIS')).resolves.toBe(redis);
    expect(loaded).toEqual([]);
  });

  it.each([
    ['amqp', '@kombu/transport-amqp'],
    ['pyamqp', '@kombu/transport-amqp'],
    ['redis+socket', '@kombu/transport-redis'],
    ['sentinel', '@kombu/transport-redis'],
    ['SQS', '@kombu/transport-sqs'],
    ['mongodb+srv', '@kombu/transport-mongodb'],
    ['zk', '@kombu/transport-zookeeper'],
    ['azurestoragequeues', '@kombu/transport-azure-storage-queue'],
    ['azureservicebus', '@kombu/transport-azure-service-bus'],
    ['qpids', '@kombu/transport-qpid'],
    ['memory', '@kombu/testing'],
  ])('imports the package of %s and registers what it exports', async (scheme, packageName) => {
    const transport = fakeTransport('some', [scheme, 'other']);
    const { registry, loaded } = registryOver({ [packageName]: { transport } });
    await expect(registry.resolve(scheme)).resolves.toBe(transport);
    expect(registry.get('other')).toBe(transport);
    await registry.resolve(scheme);
    expect(loaded).toEqual([packageName]);
  });

  it('finds the export of a CommonJS package', async () => {
    const { registry } = registryOver({ '@kombu/transport-redis': { default: { transport: redis } } });
    await expect(registry.resolve('redis')).resolves.toBe(redis);
  });

  it('shares one import between concurrent resolves', async () => {
    const { registry, loaded } = registryOver({ '@kombu/transport-redis': { transport: redis } });
    const found = await Promise.all(['redis', 'rediss', 'redis'].map((scheme) => registry.resolve(scheme)));
    expect(found).toEqual([redis, redis, redis]);
    expect(loaded).toEqual(['@kombu/transport-redis']);
  });

  it('prefers what the application registers while the import runs', async () => {
    const { registry } = registryOver({ '@kombu/transport-redis': { transport: fakeTransport('x', ['redis']) } });
    const resolving = registry.resolve('redis');
    registry.register(redis);
    await expect(resolving).resolves.toBe(redis);
  });

  it.each([
    ['resolves to undefined', undefined],
    [
      'rejects as import() does',
      moduleError('ERR_MODULE_NOT_FOUND', "Cannot find package '@kombu/transport-redis' imported from /x"),
    ],
  ])('says what to install when the import %s', async (_how, answer) => {
    const { registry } = registryOver({ '@kombu/transport-redis': answer });
    await expect(registry.resolve('redis')).rejects.toThrow(TransportNotInstalledError);
    await expect(registry.resolve('redis')).rejects.toThrow('npm install @kombu/transport-redis ');
  });

  it('tries again after a failure', async () => {
    const packages: Record<string, unknown> = {};
    const { registry } = registryOver(packages);
    await expect(registry.resolve('redis')).rejects.toThrow(TransportNotInstalledError);
    packages['@kombu/transport-redis'] = { transport: redis };
    await expect(registry.resolve('redis')).resolves.toBe(redis);
  });

  it('tells a package that is broken from one that is absent', async () => {
    const cause = moduleError('ERR_MODULE_NOT_FOUND', "Cannot find package 'ioredis' imported from /x");
    const { registry } = registryOver({ '@kombu/transport-redis': cause });
    const error: unknown = await registry.resolve('redis').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(KombuError);
    expect(error).toMatchObject({ code: 'INTERNAL', cause });
    expect((error as Error).message).toContain("installed and cannot be used: Cannot find package 'ioredis'");
  });

  it.each<[string, unknown]>([
    ['its export "transport" is not a transport: it is undefined', {}],
    ['its "connect" is not a function', { transport: { ...redis, connect: 1 } }],
    ['is for nats and not for "redis" URLs', { transport: fakeTransport('nats', ['nats']) }],
  ])('refuses a package that holds no transport for the scheme: %s', async (problem, module) => {
    const { registry } = registryOver({ '@kombu/transport-redis': module });
    await expect(registry.resolve('redis')).rejects.toThrow(problem);
    expect(registry.get('redis')).toBeUndefined();
  });

  it('names the nearest known scheme', async () => {
    const { registry, loaded } = registryOver({});
    await expect(registry.resolve('reddis')).rejects.toThrow(UnknownTransportError);
    await expect(registry.resolve('reddis')).rejects.toThrow(
      /Did you mean "redis"\? Known: amqp, amqps, .*zookeeper\. /,
    );
    expect(loaded).toEqual([]);
  });

  it('imports an announced package, also in place of a built-in one', async () => {
    const nats = fakeTransport('nats', ['nats']);
    const { registry } = registryOver({ 'my-nats': { transport: nats }, 'my-redis': { transport: redis } });
    registry.announce('NATS', 'my-nats');
    registry.announce('redis', 'my-redis');
    await expect(registry.resolve('nats')).resolves.toBe(nats);
    await expect(registry.resolve('redis')).resolves.toBe(redis);
  });

  it.each(['kombu-transport-nats', '@acme/kombu-transport-nats'])(
    'imports %s when the application asks for it',
    async (name) => {
      const nats = fakeTransport('nats', ['nats', 'nats+tls']);
      const { registry, loaded } = registryOver({ 'kombu-transport-other': {}, [name]: { transport: nats } });
      await expect(registry.resolve('nats+tls')).resolves.toBe(nats);
      expect(loaded).toEqual([name]);
    },
  );

  it.each(['x-kombu-transport-nats', '@a/b/kombu-transport-nats', 'kombu-transport-nats2'])(
    'leaves %s alone',
    async (name) => {
      const { registry, loaded } = registryOver({ [name]: { transport: fakeTransport('nats', ['nats']) } });
      await expect(registry.resolve('nats')).rejects.toThrow(UnknownTransportError);
      expect(loaded).toEqual([]);
    },
  );

  it('does not choose between two packages', async () => {
    const { registry } = registryOver({ '@a/kombu-transport-nats': {}, '@b/kombu-transport-nats': {} });
    await expect(registry.resolve('nats')).rejects.toThrow('@a/kombu-transport-nats or @b/kombu-transport-nats');
  });

  it.each(['constructor', '__proto__', 'tostring'])('knows nothing of %s', async (scheme) => {
    await expect(registryOver({}).registry.resolve(scheme)).rejects.toThrow(UnknownTransportError);
  });
});
