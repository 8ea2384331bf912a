/** Bindings and the routing keys that are looked up in them. */
export interface TopicWorkload {
  /** Each leads to a queue of its own. */
  readonly patterns: readonly string[];
  readonly keys: readonly string[];
}

const regions = ['eu', 'us', 'ap', 'sa'];
const events = ['created', 'updated', 'deleted', 'failed', 'started', 'stopped'];

/** So many bindings as a large system may have: most of them exact, a few wide; a key matches one to some. */
export function topicWorkload(bindings: number): TopicWorkload {
  const patterns = Array.from({ length: bindings }, (_, index) => patternOf(index));
  const keys = Array.from({ length: 1000 }, (_, index) => keyOf(Math.floor((index * bindings) / 1000)));
  return { patterns, keys };
}

/** Ten of a hundred have a `*`, five a `#`. */
function patternOf(index: number): string {
  const [region, service, entity, event] = keyOf(index).split('.');
  if (index % 20 === 7) return `${region}.${service}.*.${event}`;
  if (index % 20 === 13) return `${region}.*.${entity}.${event}`;
  if (index % 20 === 19) return `${region}.${service}.${entity}.#`;
  return `${region}.${service}.${entity}.${event}`;
}

function keyOf(index: number): string {
  const region = regions[index % regions.length];
  const event = events[Math.floor(index / regions.length) % events.length];
  return `${region}.service${index % 997}.entity${index % 1009}.${event}`;
}
