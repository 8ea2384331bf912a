import type { ProcessSpec } from './parts/managed-process.ts';
import type { Origin, Server } from './server.ts';

/** A kind of server: how it is found, set up and started. */
export interface Service<S extends Server = Server> {
  /** As on the command line. */
  readonly name: string;
  /** The variable in the environment that names a server to use instead, such as `KOMBU_TEST_REDIS_URL`. */
  readonly variable: string;
  /** Other ways to the same server, such as `tls`; with `variable` goes, for example, `KOMBU_TEST_REDIS_TLS_URL`. */
  readonly variants: readonly string[];
  /** The names of the ports it needs. */
  readonly ports: readonly string[];
  /** Finds the program, or installs it, and returns its path. Throws ServiceUnavailableError. */
  provide(): Promise<string>;
  /** Writes the files that it needs into its empty folder, and tells what to start. */
  plan(place: Place): Promise<Plan>;
  /** Resolves when it really answers, by its own protocol. Called after each start, so it must not mind being called again. */
  ready(running: Running): Promise<void>;
  /** What tests hold in their hands. */
  open(origin: Origin): S;
}

/** Where an instance of a service lives, and what it is to be like. */
export interface Place {
  readonly folder: string;
  readonly ports: Readonly<Record<string, number>>;
  /** The path of the program. */
  readonly program: string;
  /** Settings of the server's own configuration that replace or complete the usual ones. */
  readonly config: Readonly<Record<string, string>>;
}

/** What an instance consists of. */
export interface Plan {
  /** One line: product, version, path. */
  readonly description: string;
  readonly url: string;
  readonly variants: Readonly<Record<string, string>>;
  /** In the order of their start. */
  readonly processes: readonly ProcessSpec[];
}

/** A plan that is carried out; written down in the folder of the instance. */
export interface Instance extends Plan, Place {
  /** The name of the service. */
  readonly service: string;
}

/** An instance whose processes were started. */
export interface Running extends Instance {
  /** Repeats a check until it is true. Fails when a process ends meanwhile, or after `deadline` milliseconds (60,000). */
  readonly until: (what: string, check: () => Promise<boolean>, deadline?: number) => Promise<void>;
}
