import { hostname } from 'node:os';
import { ConnectionError, type Logger } from '@kombu/core/spi';
import type { Claims } from './claims.ts';
import { codes, hasCode, on } from './errors.ts';
import type { Paths } from './paths.ts';
import type { Session } from './session.ts';

/** How many messages are moved back in one go. */
const batch = 50;

/**
 * The processes that take messages. Each has a node that the server removes with its session, and its claims beside: when the
 * node is gone, any other process moves the claims back. All watch, so that this takes no polling.
 */
export class Owners {
  readonly #session: Session;
  readonly #paths: Paths;
  readonly #claims: Claims;
  readonly #logger: Logger;
  #sweeping: Promise<void> | undefined;
  #isChanged = false;
  #isLeaving = false;

  constructor(session: Session, paths: Paths, claims: Claims, logger: Logger) {
    this.#session = session;
    this.#paths = paths;
    this.#claims = claims;
    this.#logger = logger;
  }

  /** Makes known that this process is one, and begins to look after the others. */
  async enter(): Promise<void> {
    const { id } = this.#session;
    const presence = this.#paths.owner(id);
    await Promise.all([this.#session.ensure(this.#paths.claims), this.#session.ensure(this.#paths.owners)]);
    await this.#session.commit((step) => {
      const who = Buffer.from(`${hostname()}:${process.pid}`);
      step.create(this.#paths.claimsOf(id)).create(presence, who, 'EPHEMERAL');
    });
    await this.#session.read(presence, () => this.#missed());
    this.#sweep();
  }

  /** Gives back what this process still has, so that nobody has to do it. */
  async leave(): Promise<void> {
    this.#isLeaving = true;
    this.#isChanged = false;
    await this.#sweeping;
    await this.#free(this.#session.id);
  }

  /** Somebody removed the node of this process, and its messages count as abandoned. */
  #missed(): void {
    this.#session.fail(
      new ConnectionError(
        `${this.#paths.owner(this.#session.id)} was removed, so that others take this process for dead`,
      ),
    );
  }

  readonly #sweep = (): void => {
    if (this.#isLeaving) return;
    this.#isChanged = true;
    this.#sweeping ??= this.#sweepWhileChanged();
  };

  async #sweepWhileChanged(): Promise<void> {
    while (this.#isChanged && !this.#session.over) {
      this.#isChanged = false;
      await this.#freeAbandoned().catch((error: unknown) => {
        const log = this.#session.over ? 'debug' : 'warn';
        this.#logger[log]('Messages of processes that are gone could not be moved back; the next process tries again', {
          error,
        });
      });
    }
    this.#sweeping = undefined;
  }

  async #freeAbandoned(): Promise<void> {
    // In this order: an owner is there before its claims, so that none that begins meanwhile looks dead.
    const [claiming, living] = await Promise.all([
      this.#session.children(this.#paths.claims),
      this.#session.children(this.#paths.owners, this.#sweep),
    ]);
    const dead = claiming.filter((owner) => !living.includes(owner));
    for (const owner of dead) await this.#free(owner);
  }

  async #free(owner: string): Promise<void> {
    const folder = this.#paths.claimsOf(owner);
    const claims = await this.#session.children(folder).catch(on(codes.noNode, []));
    const ordered = claims.toSorted(byName);
    for (let start = 0; start < ordered.length; start += batch) {
      const moves = ordered.slice(start, start + batch).map((claim) => this.#claims.giveBack(owner, claim));
      // Others may be at it too.
      await Promise.all(moves.map((move) => move.catch(on(codes.noNode, undefined))));
    }
    if (claims.length > 0) this.#logger.info(`${claims.length} messages of ${owner}, which is gone, are ready again`);
    await this.#session.remove(folder).catch((error: unknown) => {
      if (!hasCode(error, codes.noNode) && !hasCode(error, codes.notEmpty)) throw error;
    });
  }
}

/** By priority and number. */
function byName(one: string, other: string): number {
  return one < other ? -1 : 1;
}
