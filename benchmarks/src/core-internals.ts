// What core does not export and a benchmark of its parts needs. Paths are those of packages/core/src.

interface TopicTrie {
  add(pattern: string, value: object): boolean;
  match(routingKey: string): object[];
}

interface Router {
  addExchange(name: string, type: string): boolean;
  bind(binding: {
    readonly exchange: string;
    readonly destination: string;
    readonly destinationType: 'queue';
    readonly routingKey: string;
    readonly arguments: Readonly<Record<string, unknown>>;
  }): unknown;
  route(exchange: string, routingKey: string, headers: Record<string, unknown>): readonly string[] | undefined;
}

interface SerializerRegistry {
  dumps(value: unknown, serializer?: string): { contentType: string; contentEncoding: string; body: Buffer };
  loads(body: Buffer, contentType: string | undefined, contentEncoding: string | undefined): unknown;
}

/** The parts of core that are measured by themselves. */
export interface CoreInternals {
  readonly TopicTrie: new () => TopicTrie;
  readonly Router: new (options?: { readonly memoBudget?: number }) => Router;
  readonly SerializerRegistry: new () => SerializerRegistry;
}

/** Imports them from wherever `@kombu/core` is. */
export async function coreInternals(): Promise<CoreInternals> {
  const entry = import.meta.resolve('@kombu/core');
  const extension = entry.slice(entry.lastIndexOf('.'));
  const load = async (path: string): Promise<Partial<CoreInternals>> =>
    (await import(new URL(`${path}${extension}`, entry).href)) as Partial<CoreInternals>;
  const modules = ['routing/topic-trie', 'routing/router', 'codec/serializers'];
  return Object.assign({}, ...(await Promise.all(modules.map(load)))) as CoreInternals;
}
