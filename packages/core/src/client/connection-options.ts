import type { Clock, Random } from '../clock.ts';
import { systemClock } from '../clock.ts';
import type { CompressorRegistry } from '../codec/compression.ts';
import { compressors } from '../codec/compression.ts';
import type { CodecLimits } from '../codec/limits.ts';
import { defaultLimits } from '../codec/limits.ts';
import type { SerializerRegistry } from '../codec/serializers.ts';
import { serializers } from '../codec/serializers.ts';
import { InvalidArgumentError } from '../errors.ts';
import type { Logger } from '../logger.ts';
import { consoleLogger, guardLogger } from '../logger.ts';
import { checkKeys } from '../registry/options.ts';
import type { TransportRegistry } from '../registry/transport-registry.ts';
import { transports } from '../registry/transport-registry.ts';
import { splitUrls } from '../registry/url.ts';
import type { FailoverStrategy } from '../reliability/failover.ts';
import type { CompleteRetryPolicy, RetryPolicy } from '../reliability/retry.ts';
import { completePolicy } from '../reliability/retry.ts';
import type { Transport } from '../spi/transport.ts';
import { guarded } from './emitter.ts';

export interface ConnectionOptions {
  /** Use this transport whatever the scheme says. */
  readonly transport?: Transport | undefined;
  /** Options of the transport; see its README. */
  readonly transportOptions?: Readonly<Record<string, unknown>> | undefined;
  /** What the URL does not say. */
  readonly hostname?: string | undefined;
  readonly port?: number | undefined;
  readonly userid?: string | undefined;
  /** A function is asked at each attempt to connect, for secrets that rotate. */
  readonly password?: string | (() => string | Promise<string>) | undefined;
  readonly virtualHost?: string | undefined;
  readonly ssl?: boolean | Readonly<Record<string, unknown>> | undefined;
  /** Milliseconds for one attempt at one host. @default 5000 */
  readonly connectTimeout?: number | undefined;
  /** Milliseconds between heartbeats, for transports that have them. @default the transport's */
  readonly heartbeat?: number | undefined;
  /** The order in which several hosts are tried. @default 'round-robin' */
  readonly failoverStrategy?: FailoverStrategy | undefined;
  /** Further URLs, behind those given first. */
  readonly alternates?: readonly string[] | undefined;
  /** How a broken link is made anew; false: not before the next use. @default forever, with back-off up to 30 s */
  readonly recovery?: RetryPolicy | false | undefined;
  /** Milliseconds that `close()` may take. @default 10000 */
  readonly closeTimeout?: number | undefined;
  /** @default warnings and errors to the console */
  readonly logger?: Logger | undefined;
  /** Where the transport of a URL is looked up. */
  readonly registry?: TransportRegistry | undefined;
  readonly serializers?: SerializerRegistry | undefined;
  readonly compressors?: CompressorRegistry | undefined;
  /** Bounds on what a received body may cost. */
  readonly limits?: Partial<CodecLimits> | undefined;
  readonly clock?: Clock | undefined;
  readonly random?: Random | undefined;
}

const optionKeys = [
  'transport',
  'transportOptions',
  'hostname',
  'port',
  'userid',
  'password',
  'virtualHost',
  'ssl',
  'connectTimeout',
  'heartbeat',
  'failoverStrategy',
  'alternates',
  'recovery',
  'closeTimeout',
  'logger',
  'registry',
  'serializers',
  'compressors',
  'limits',
  'clock',
  'random',
];

/** Options with every gap filled. */
export interface CompleteConnectionOptions {
  readonly urls: readonly string[];
  readonly given: ConnectionOptions;
  readonly connectTimeout: number;
  readonly closeTimeout: number;
  readonly failoverStrategy: FailoverStrategy;
  readonly recovery: CompleteRetryPolicy | undefined;
  readonly logger: Logger;
  readonly registry: TransportRegistry;
  readonly serializers: SerializerRegistry;
  readonly compressors: CompressorRegistry;
  readonly limits: CodecLimits;
  readonly clock: Clock;
  readonly random: Random;
}

/** Checks and completes what the constructor of Connection was given. Throws InvalidArgumentError. */
export function completeOptions(url: string | readonly string[], given: ConnectionOptions): CompleteConnectionOptions {
  checkKeys(given, optionKeys, 'option of a connection');
  const urls = [...splitUrls(url), ...(given.alternates ?? [])];
  const logger = guardLogger(given.logger ?? consoleLogger);
  if (urls.length === 0) throw new InvalidArgumentError('A connection needs a URL');
  return {
    urls,
    given,
    connectTimeout: milliseconds('connectTimeout', given.connectTimeout ?? 5000),
    closeTimeout: milliseconds('closeTimeout', given.closeTimeout ?? 10_000),
    failoverStrategy: given.failoverStrategy ?? 'round-robin',
    recovery: given.recovery === false ? undefined : recoveryPolicy(given.recovery, logger),
    logger,
    registry: given.registry ?? transports,
    serializers: given.serializers ?? serializers,
    compressors: given.compressors ?? compressors,
    limits: { ...defaultLimits, ...given.limits },
    clock: given.clock ?? systemClock,
    random: given.random ?? Math.random,
  };
}

/** Elsewhere an errback that throws ends the tries of its caller; recovery has no caller, and goes on. */
function recoveryPolicy(given: RetryPolicy | undefined, logger: Logger): CompleteRetryPolicy {
  const policy = completePolicy(given);
  const { errback } = policy;
  return errback ? { ...policy, errback: (...about) => guarded(() => errback(...about), logger, 'errback') } : policy;
}

function milliseconds(name: string, value: number): number {
  if (typeof value === 'number' && value >= 0) return value;
  throw new InvalidArgumentError(`${name} must be a number of milliseconds of at least 0, not ${String(value)}`);
}
