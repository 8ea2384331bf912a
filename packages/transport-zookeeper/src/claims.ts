import type { SettleOutcome, StoredMessage } from '@kombu/core/spi';
import { deliveriesOf, prefixOf, returned } from './entries.ts';
import { TransactionError, codes, hasCode, on } from './errors.ts';
import { maxRequestBytes, stepBytes } from './limits.ts';
import { type Paths, claimName, claimSuffix, readClaimName } from './paths.ts';
import type { Session } from './session.ts';

/** A message that this process has taken: the name of its node among the claims. */
export type Claim = string;

/** What became of an attempt to take a message. */
export type Taking =
  | StoredMessage<Claim>
  /** Somebody else was faster. */
  | 'gone'
  /** Its text is too long to be moved. */
  | 'too-large';

/**
 * Takes messages and ends that in one way or the other. To take one is to move it from its queue to the claims of its owner,
 * in one transaction: it is in one of the two places, whatever happens, and Python processes see only the first.
 */
export class Claims {
  readonly #session: Session;
  readonly #paths: Paths;
  readonly #owner: string;

  constructor(session: Session, paths: Paths) {
    this.#session = session;
    this.#paths = paths;
    this.#owner = session.id;
  }

  async take(queue: string, entry: string, noAck: boolean): Promise<Taking> {
    const from = `${this.#paths.queue(queue)}/${entry}`;
    const receipt = claimName(queue, entry);
    const to = this.#paths.claim(this.#owner, receipt);
    const data = await this.#session.read(from).catch(on(codes.noNode, undefined));
    if (!data) return 'gone';
    // The server would close the connection.
    if (!noAck && data.length + from.length + to.length + 2 * stepBytes > maxRequestBytes) return 'too-large';
    const taking = noAck
      ? this.#session.remove(from)
      : this.#session.commit((step) => step.remove(from).create(to, data));
    if (!(await taking.then(() => true, on(codes.noNode, false)))) return 'gone';
    const deliveryCount = deliveriesOf(entry);
    // Without acks core has no use for a receipt, and its type none for its absence.
    const settled = noAck ? (undefined as unknown as Claim) : receipt;
    return { payload: data.toString(), receipt: settled, redelivered: deliveryCount > 0, deliveryCount };
  }

  ack(claims: readonly Claim[]): Promise<SettleOutcome[]> {
    return this.#each(claims, (claim) => this.#session.remove(this.#paths.claim(this.#owner, claim)));
  }

  release(claims: readonly Claim[]): Promise<SettleOutcome[]> {
    return this.#each(claims, (claim) => this.giveBack(this.#owner, claim));
  }

  /** Moves a message of whatever owner back to where it was. Rejects as a server without its claim does. */
  async giveBack(owner: string, claim: Claim): Promise<void> {
    const known = readClaimName(claim);
    if (!known) return;
    const from = this.#paths.claim(owner, claim);
    const queue = this.#paths.queue(known.queue);
    const data = await this.#session.read(from);
    const move = (to: string, mode?: 'PERSISTENT_SEQUENTIAL'): Promise<void> =>
      this.#session.commit((step) => step.remove(from).create(`${queue}/${to}`, data, mode));
    const to = returned(known.entry);
    try {
      await move(to);
    } catch (error) {
      // A Python process deleted the queue, which it can although its messages are with others.
      if (isCreateError(error, codes.noNode)) await this.#session.ensure(queue).then(() => move(to));
      // And declared it again, so that its numbers begin anew.
      else if (isCreateError(error, codes.nodeExists)) await move(prefixOf(known.entry), 'PERSISTENT_SEQUENTIAL');
      else throw error;
    }
  }

  /** Forgets all that is taken from a queue, by whomever. */
  async drop(queue: string): Promise<void> {
    const suffix = claimSuffix(queue);
    const dropOf = async (owner: string): Promise<void> => {
      const names = await this.#session.children(this.#paths.claimsOf(owner)).catch(on(codes.noNode, []));
      await Promise.all(names.filter((name) => name.endsWith(suffix)).map((name) => this.#dropOne(owner, name)));
    };
    const owners = await this.#session.children(this.#paths.claims);
    await Promise.all(owners.map(dropOf));
  }

  #dropOne(owner: string, name: string): Promise<void> {
    return this.#session.remove(this.#paths.claim(owner, name)).catch(on(codes.noNode, undefined));
  }

  #each(claims: readonly Claim[], end: (claim: Claim) => Promise<void>): Promise<SettleOutcome[]> {
    return Promise.all(
      claims.map((claim) => end(claim).then(() => 'ok' as const, on(codes.noNode, 'lease-lost' as const))),
    );
  }
}

/** Could the second step not be done, which creates the node? */
function isCreateError(error: unknown, code: number): boolean {
  return error instanceof TransactionError && error.step === 1 && hasCode(error, code);
}
