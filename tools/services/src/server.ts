import { NotOwnedError } from './parts/errors.ts';
import { ManagedProcess } from './parts/managed-process.ts';
import { accepts } from './parts/ports.ts';
import { GiveUp, waitFor } from './parts/wait-for.ts';
import type { Instance, Running, Service } from './service.ts';

/** Where a server comes from. */
export interface Origin {
  readonly service: Service;
  readonly url: string;
  readonly variants: Readonly<Record<string, string>>;
  readonly description: string;
  /** Undefined when the server was given by its URL. */
  readonly instance: Instance | undefined;
  /** Runs one at a time among all processes that use this server. */
  exclusive<T>(work: () => Promise<T>): Promise<T>;
  /** Gives it back: a private server is stopped and its folder removed, a shared one stays. */
  close(): Promise<void>;
}

/**
 * A server in the hands of tests. One that was given by its URL in the environment throws NotOwnedError where it would
 * have to be started, stopped or paused. Tests that stop or pause a server take a private one, for others use the shared one.
 */
export class Server {
  readonly name: string;
  /** To put into `KOMBU_URL`. */
  readonly url: string;
  /** URLs of the same server by another way, such as `tls`. */
  readonly variants: Readonly<Record<string, string>>;
  /** One line: what runs, and where it comes from. */
  readonly description: string;
  readonly #origin: Origin;
  readonly #processes: readonly ManagedProcess[];

  constructor(origin: Origin) {
    this.name = origin.service.name;
    this.url = origin.url;
    this.variants = origin.variants;
    this.description = origin.description;
    this.#origin = origin;
    const { folder = '', processes = [] } = origin.instance ?? {};
    this.#processes = processes.map((spec) => new ManagedProcess(folder, spec));
  }

  /** False when the server was given by its URL. */
  get owned(): boolean {
    return this.#origin.instance !== undefined;
  }

  /** Do all of its processes run? A server that was given is taken to. */
  get running(): boolean {
    return this.#processes.every((process) => process.running);
  }

  /** On 127.0.0.1, by name. Throws NotOwnedError. */
  get ports(): Readonly<Record<string, number>> {
    return this.instance.ports;
  }

  /** Process ids of what runs, by the name of the process. */
  get pids(): Readonly<Record<string, number>> {
    return Object.fromEntries(
      this.#processes.flatMap(({ spec, pid }) => (pid === undefined ? [] : [[spec.name, pid]])),
    );
  }

  /** What is on disk. Throws NotOwnedError. */
  get instance(): Instance {
    const { instance, service } = this.#origin;
    if (instance !== undefined) return instance;
    throw new NotOwnedError(`${this.name} was given by ${service.variable}: the tests neither start nor stop it`);
  }

  /**
   * Starts what does not run, or only the named process, and resolves when the server answers; does not wait for that as
   * long as another of its processes is down.
   */
  start(process?: string): Promise<void> {
    return this.#origin.exclusive(() => this.#start(process));
  }

  /** Asks it to end, or only the named process; resolves when that is gone. The data stay. */
  stop(process?: string): Promise<void> {
    return this.#origin.exclusive(() => this.#stop(process));
  }

  restart(process?: string): Promise<void> {
    return this.#origin.exclusive(async () => {
      await this.#stop(process);
      await this.#start(process);
    });
  }

  /** SIGKILL to all its processes, or to the named one. */
  async kill(process?: string): Promise<void> {
    await Promise.all(this.#select(process).map((each) => each.kill()));
  }

  /** SIGSTOP: connections stay open, and nothing answers until {@link resume}. */
  pause(process?: string): void {
    for (const each of this.#select(process)) each.pause();
  }

  resume(process?: string): void {
    for (const each of this.#select(process)) each.resume();
  }

  /** Stops a private server and removes its folder. A shared server stays. */
  close(): Promise<void> {
    return this.#origin.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** For those who already are exclusive. @internal */
  async startNow(): Promise<void> {
    await this.#start();
  }

  async #start(name?: string): Promise<void> {
    const others = this.#processes.filter((process) => process.spec.name !== name);
    const whole = name === undefined || others.every((process) => process.running);
    for (const process of this.#select(name)) await this.#launch(process);
    if (!whole) return;
    const until: Running['until'] = (what, check, within) => this.#until(what, this.#processes, check, within);
    await this.#origin.service.ready({ ...this.instance, until });
  }

  async #launch(process: ManagedProcess): Promise<void> {
    await process.start();
    const { name, port } = process.spec;
    if (port !== undefined) await this.#until(`${name} to listen`, [process], () => accepts(port));
  }

  /** Fails at once when one of the processes ends meanwhile. */
  async #until(
    what: string,
    processes: readonly ManagedProcess[],
    check: () => Promise<boolean>,
    deadline = 60_000,
  ): Promise<void> {
    const checkAll = (): Promise<boolean> => {
      const ended = processes.find((process) => !process.running);
      if (ended === undefined) return check();
      throw new GiveUp(`${this.name}: ${ended.spec.name} ended. The end of ${ended.log}:\n${ended.tail()}`);
    };
    await waitFor(`${this.name}: ${what}`, checkAll, deadline);
  }

  /** In the reverse order of the start. */
  async #stop(name?: string): Promise<void> {
    for (const process of this.#select(name).toReversed()) await process.stop();
  }

  #select(name: string | undefined): readonly ManagedProcess[] {
    const { processes } = this.instance;
    if (name === undefined) return this.#processes;
    const found = this.#processes.filter((process) => process.spec.name === name);
    if (found.length > 0) return found;
    throw new RangeError(`${this.name} has no process ${name}, but ${processes.map((spec) => spec.name).join(', ')}`);
  }
}
