import { InvalidArgumentError } from '@kombu/core/spi';
import { isEntry } from './entries.ts';

/** What this library keeps beside the queues. */
const own = '.kombu';

/** Where things are. The virtual host is the node that all of them are below. */
export class Paths {
  /** Empty for the root of all. */
  readonly #root: string;
  /** Has a node for each process, which lives as long as its session. */
  readonly owners: string;
  /** Has a node for each process, with what it has taken below. */
  readonly claims: string;

  constructor(virtualHost = '') {
    const parts = virtualHost.split('/').filter((part) => part !== '');
    if (!parts.every(isName)) {
      throw new InvalidArgumentError(
        `${JSON.stringify(virtualHost)} is no path of ZooKeeper: choose another virtual host`,
      );
    }
    this.#root = parts.map((part) => `/${part}`).join('');
    this.owners = `${this.#root}/${own}/owners`;
    this.claims = `${this.#root}/${own}/claims`;
  }

  /** As in Kombu, and percent-encoded elsewhere if there can be no such node. */
  queue(name: string): string {
    const parts = name.split('/');
    const isFree = parts[0] !== own && (this.#root !== '' || parts[0] !== 'zookeeper');
    if (isFree && parts.every((part) => isName(part) && !isEntry(part))) return `${this.#root}/${name}`;
    return `${this.#root}/${own}/names/${encode(name)}`;
  }

  owner(id: string): string {
    return `${this.owners}/${id}`;
  }

  claimsOf(owner: string): string {
    return `${this.claims}/${owner}`;
  }

  /** The place of a message while it is with its owner. */
  claim(owner: string, name: string): string {
    return `${this.claims}/${owner}/${name}`;
  }
}

/** What a message is called while it is claimed: by its entry and its queue. */
export function claimName(queue: string, entry: string): string {
  return `${entry}@${encode(queue)}`;
}

/** Undefined for what is no claim. */
export function readClaimName(name: string): { readonly queue: string; readonly entry: string } | undefined {
  const at = name.indexOf('@');
  const entry = name.slice(0, at);
  if (at === -1 || !isEntry(entry)) return undefined;
  try {
    return { entry, queue: decodeURIComponent(name.slice(at + 1)) };
  } catch {
    return undefined;
  }
}

/** The end of the names of all claims on a queue. */
export function claimSuffix(queue: string): string {
  return `@${encode(queue)}`;
}

/** What ZooKeeper takes for a part of a path: see `PathUtils.validatePath` there. */
function isName(part: string): boolean {
  return part !== '' && part !== '.' && part !== '..' && !/[\p{Cc}\ud800-\uf8ff\ufff0-\u{10ffff}]/u.test(part);
}

function encode(name: string): string {
  try {
    return encodeURIComponent(name);
  } catch (cause) {
    throw new InvalidArgumentError(`${JSON.stringify(name)} is no queue name: it has half a character in it`, {
      cause,
    });
  }
}
