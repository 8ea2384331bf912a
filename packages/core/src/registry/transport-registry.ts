import { errorOf, InvalidArgumentError, TransportNotInstalledError, UnknownTransportError } from '../errors.ts';
import type { Transport } from '../spi/transport.ts';
import { applicationDependencies, importFromApplication, isMissing } from './application.ts';
import { checkTransport } from './check-transport.ts';
import { knownSchemes } from './known-schemes.ts';
import { didYouMean } from '../nearest.ts';

export interface TransportRegistryOptions {
  /**
   * Imports a package by its name. Resolves to undefined, or rejects as `import()` does, when it is not installed. The
   * default looks the package up where the application would; bundled applications may pass `(name) => import(name)`.
   */
  readonly load?: (packageName: string) => Promise<unknown>;
  /** The packages that the application asks for. The default reads its package.json. */
  readonly dependencies?: () => readonly string[];
}

/**
 * Transports by URL scheme. Schemes are compared without regard to letter case.
 *
 * A scheme that nobody registered is looked for in the package that was announced for it, and then in a package named
 * `kombu-transport-<scheme>` or `@scope/kombu-transport-<scheme>` (`<scheme>` up to its first `+`), which must stand in the
 * application's own package.json: a URL never makes a package run that the application does not ask for by name. The package
 * exports the {@link Transport} under the name `transport`.
 */
export class TransportRegistry {
  readonly #transports = new Map<string, Transport>();
  readonly #packages = new Map<string, string>(Object.entries(knownSchemes));
  /** Imports under way, by package, so that concurrent resolves share one. */
  readonly #loading = new Map<string, Promise<Transport>>();
  readonly #load: (packageName: string) => Promise<unknown>;
  readonly #dependencies: () => readonly string[];

  constructor(options: TransportRegistryOptions = {}) {
    this.#load = options.load ?? importFromApplication;
    this.#dependencies = options.dependencies ?? applicationDependencies;
  }

  /**
   * Makes a transport known under all its schemes. Registering the same object again changes nothing.
   *
   * @throws InvalidArgumentError when it is not a transport, or when another one has one of its schemes.
   */
  register(transport: Transport): void {
    checkTransport(transport, 'What was registered');
    const schemes = transport.schemes.map((scheme) => scheme.toLowerCase());
    for (const scheme of schemes) {
      const other = this.#transports.get(scheme);
      if (other === undefined || other === transport) continue;
      throw new InvalidArgumentError(
        `Transport ${transport.name} cannot have the scheme "${scheme}": transport ${other.name} has it; unregister that first`,
      );
    }
    for (const scheme of schemes) this.#transports.set(scheme, transport);
  }

  /** Forgets a transport under all its schemes. False when it was not registered. */
  unregister(transport: Transport): boolean {
    const schemes = [...this.#transports].filter(([, one]) => one === transport).map(([scheme]) => scheme);
    for (const scheme of schemes) this.#transports.delete(scheme);
    return schemes.length > 0;
  }

  /** The registered transport of a scheme; nothing is loaded. */
  get(scheme: string): Transport | undefined {
    return this.#transports.get(scheme.toLowerCase());
  }

  /** Every scheme that is registered or announced, in alphabetical order. */
  schemes(): string[] {
    return [...new Set([...this.#transports.keys(), ...this.#packages.keys()])].toSorted();
  }

  /** Says which package holds the transport of a scheme, to be imported when it is first needed. */
  announce(scheme: string, packageName: string): void {
    this.#packages.set(scheme.toLowerCase(), packageName);
  }

  /**
   * The transport of a scheme, imported when it is not registered yet.
   *
   * @throws TransportNotInstalledError when the package is known and absent; UnknownTransportError when no package is known;
   * KombuError with code `INTERNAL` and the cause when the package is there and cannot be used.
   */
  async resolve(scheme: string): Promise<Transport> {
    const wanted = scheme.toLowerCase();
    const registered = this.#transports.get(wanted);
    if (registered !== undefined) return registered;
    const packageName = this.#packages.get(wanted) ?? this.#thirdParty(wanted);
    if (packageName === undefined) throw this.#unknown(wanted);
    const loaded = await this.#import(packageName, wanted);
    const transport = this.#transports.get(wanted);
    if (transport !== undefined) return transport;
    throw errorOf(
      'INTERNAL',
      `${packageName} is for ${loaded.schemes.join(', ')} and not for "${wanted}" URLs; install a version of it that matches @kombu/core`,
    );
  }

  #import(packageName: string, scheme: string): Promise<Transport> {
    const pending = this.#loading.get(packageName);
    if (pending !== undefined) return pending;
    const loading = this.#importAndRegister(packageName, scheme).finally(() => this.#loading.delete(packageName));
    this.#loading.set(packageName, loading);
    return loading;
  }

  async #importAndRegister(packageName: string, scheme: string): Promise<Transport> {
    let module: unknown;
    try {
      module = await this.#load(packageName);
    } catch (error) {
      if (!isMissing(error, packageName)) throw broken(packageName, error);
    }
    if (module === undefined) throw notInstalled(packageName, scheme);
    const transport = exportedTransport(module);
    try {
      checkTransport(transport, 'its export "transport"');
      // The application may have registered its own while the import ran; that one is what it wants.
      if (!this.#transports.has(scheme)) this.register(transport);
    } catch (error) {
      throw broken(packageName, error);
    }
    return transport;
  }

  /** The package of a third party for this scheme, if the application asks for exactly one. */
  #thirdParty(scheme: string): string | undefined {
    const wanted = `kombu-transport-${scheme.split('+', 1)[0] ?? scheme}`;
    const found = this.#dependencies().filter((name) => name === wanted || /^@[^/]+\/(.+)$/.exec(name)?.[1] === wanted);
    if (found.length < 2) return found[0];
    throw new InvalidArgumentError(
      `"${scheme}" URLs could belong to ${found.join(' or ')}; say which with transports.announce("${scheme}", package)`,
    );
  }

  #unknown(scheme: string): UnknownTransportError {
    const known = this.schemes();
    return new UnknownTransportError(
      `No transport is known for "${scheme}" URLs.${didYouMean(scheme, known)} Known: ${known.join(', ')}. ` +
        `A third party's transport has to be registered, or installed as kombu-transport-${scheme}`,
    );
  }
}

/** CommonJS packages come with their exports under `default`, unless Node could see the names. */
function exportedTransport(module: unknown): unknown {
  const { transport, default: commonjs } = module as { transport?: unknown; default?: { transport?: unknown } };
  return transport ?? commonjs?.transport;
}

function notInstalled(packageName: string, scheme: string): TransportNotInstalledError {
  return new TransportNotInstalledError(
    `The transport for "${scheme}" URLs is not installed: npm install ${packageName} ` +
      `(looked for from ${process.cwd()}; a bundled application registers it: transports.register(transport))`,
  );
}

function broken(packageName: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return errorOf('INTERNAL', `${packageName} is installed and cannot be used: ${reason}`, { cause });
}

/** The registry that connections use unless they are given another. */
export const transports: TransportRegistry = new TransportRegistry();
