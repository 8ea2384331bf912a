import type { Raw } from './raw.ts';

/** Where the messages of a queue are: the names of those that are ready, and of those that are taken, by whomever. */
export async function placesOf(
  raw: Raw,
  queue: string,
): Promise<{ ready: readonly string[]; claimed: readonly string[] }> {
  const owners = await raw.children('.kombu/claims').catch(none);
  const claims = await Promise.all(owners.map((owner) => raw.children(`.kombu/claims/${owner}`).catch(none)));
  const suffix = `@${encodeURIComponent(queue)}`;
  // The queue comes last: what goes back meanwhile is seen twice rather than not at all.
  return {
    ready: await raw.children(queue).catch(none),
    claimed: claims.flat().filter((name) => name.endsWith(suffix)),
  };
}

function none(): readonly string[] {
  return [];
}
