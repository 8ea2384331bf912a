/** How publishing a message ended. `uncertain`: it may or may not be in the broker. */
export type PublishEnd = 'confirmed' | 'rejected' | 'uncertain';

/** What the ledger knows of one message. */
export interface LedgerEntry {
  attempts: number;
  end: PublishEnd | 'pending' | 'never attempted';
  /** An attempt ended so, whatever came later. */
  wasUncertain: boolean;
  deliveries: number;
  redeliveries: number;
  settled: number;
  settledOk: number;
  /** A step came that cannot follow the one before. */
  outOfOrder: boolean;
  /** All steps as texts. */
  readonly history: string[];
}

/** What the test knows when it asks whether the books balance. */
export interface LedgerExpectation {
  /** What is still in the broker: the ids, or only how many they are. Default: nothing. */
  readonly remaining?: Iterable<string> | number;
  /**
   * A fault was injected: a message may come more than once, each further time flagged as redelivered, or once more for each
   * attempt that published it. Default false.
   */
  readonly allowDuplicates?: boolean;
  /**
   * The broker does not confirm acks, so that one may be lost although it resolved to `ok` (AMQP 0-9-1 on a link that
   * broke): the message may come again. Default false: what was settled as `ok` is gone.
   */
  readonly allowLostAcks?: boolean;
  /** Every confirmed message must have been settled as `ok`, unless it remains. Default false: delivered is enough. */
  readonly everySettled?: boolean;
}

type Broken = (entry: LedgerEntry, inBroker: boolean, expected: LedgerExpectation) => boolean;

/** Is this message unaccounted for? Some may be, where only the number of those in the broker is known. */
export const isMissing: Broken = (entry, inBroker, { everySettled = false }) =>
  entry.end === 'confirmed' && !inBroker && (everySettled ? entry.settledOk === 0 : entry.deliveries === 0);

/** The promises of at-least-once messaging, each with the test that finds who broke it. */
export const rules: Readonly<Record<string, Broken>> = {
  'publishing never ended': (entry) => entry.end === 'pending',
  'delivered or in the broker, but never attempted': (entry, inBroker) =>
    entry.attempts === 0 && (inBroker || entry.deliveries > 0),
  'rejected, but delivered or in the broker': (entry, inBroker) =>
    entry.end === 'rejected' && !entry.wasUncertain && (inBroker || entry.deliveries > 0),
  'delivered more than once': (entry, _, { allowDuplicates = false }) => !allowDuplicates && entry.deliveries > 1,
  'delivered again without being flagged as redelivered': (entry, _, { allowDuplicates = false }) =>
    allowDuplicates && entry.deliveries - entry.redeliveries > Math.max(1, entry.attempts),
  'settled as ok more than once': (entry, _, { allowLostAcks = false }) =>
    entry.settledOk > Math.max(1, allowLostAcks ? entry.deliveries : entry.attempts),
  'settled more often than delivered': (entry) => entry.settled > entry.deliveries,
  'settled as ok, but still in the broker': (entry, inBroker, { allowLostAcks = false }) =>
    !allowLostAcks && inBroker && entry.settledOk >= Math.max(1, entry.attempts),
  'recorded out of order': (entry) => entry.outOfOrder,
};
