import { randomBytes } from 'node:crypto';
import { dirname, join } from 'node:path';
import { findProgram } from '../parts/find-program.ts';
import { run } from '../parts/run.ts';
import { Server } from '../server.ts';
import { rabbitEnvironment } from './rabbitmq-environment.ts';
import { ManagementApi, type Permissions } from './rabbitmq-api.ts';

/** A virtual host for one test. */
export interface VirtualHost {
  readonly name: string;
  /** Of the broker, with this virtual host. */
  readonly url: string;
}

/** A queue as `rabbitmqctl list_queues` tells, that is as it is now. */
export interface QueueInfo {
  readonly name: string;
  /** Ready and unacknowledged. */
  readonly messages: number;
  readonly ready: number;
  readonly unacknowledged: number;
  readonly consumers: number;
}

/** Variants: `tls`; `external`, with a client certificate instead of a password; `management`, its HTTP API. */
export class RabbitMq extends Server {
  /** The HTTP API. Throws when the server was given without its `management` variant. */
  get api(): ManagementApi {
    const { management } = this.variants;
    if (management !== undefined) return new ManagementApi(management);
    throw new Error('The URL of the HTTP API is not known: set KOMBU_TEST_AMQP_MANAGEMENT_URL');
  }

  /** Runs rabbitmqctl and returns what it prints; takes about a second. Throws NotOwnedError. */
  ctl(...args: readonly string[]): Promise<string> {
    const { program, folder, ports } = this.instance;
    const command = findProgram('rabbitmqctl', [dirname(program)]) ?? join(dirname(program), 'rabbitmqctl');
    return run(command, ['--quiet', ...args], { env: rabbitEnvironment(folder, ports), deadline: 60_000 });
  }

  /** Makes an empty virtual host, with a new name unless given, where the user of the URL may do everything. */
  async createVirtualHost(name: string = `test-${randomBytes(6).toString('hex')}`): Promise<VirtualHost> {
    await this.api.send('PUT', `/vhosts/${encodeURIComponent(name)}`, {});
    await this.api.permit(decodeURIComponent(new URL(this.url).username), name);
    return { name, url: this.urlFor({ virtualHost: name }) };
  }

  async deleteVirtualHost(name: string): Promise<void> {
    await this.api.send('DELETE', `/vhosts/${encodeURIComponent(name)}`);
  }

  /** Makes a user who may do what `permissions` say in a virtual host; everything in `/` by default. */
  async createUser(name: string, password: string, permissions: Permissions = {}, virtualHost = '/'): Promise<void> {
    await this.api.send('PUT', `/users/${encodeURIComponent(name)}`, { password, tags: '' });
    await this.api.permit(name, virtualHost, permissions);
  }

  async deleteUser(name: string): Promise<void> {
    await this.api.send('DELETE', `/users/${encodeURIComponent(name)}`);
  }

  /** The URL with other credentials or another virtual host; `variant` picks one of the variants. */
  urlFor(parts: {
    readonly user?: string;
    readonly password?: string;
    readonly virtualHost?: string;
    readonly variant?: string;
  }): string {
    const url = new URL((parts.variant === undefined ? this.url : this.variants[parts.variant]) ?? '');
    if (parts.user !== undefined) url.username = encodeURIComponent(parts.user);
    if (parts.password !== undefined) url.password = encodeURIComponent(parts.password);
    if (parts.virtualHost !== undefined) url.pathname = `/${encodeURIComponent(parts.virtualHost)}`;
    return url.href;
  }

  /** The queues of a virtual host, as they are now. Throws NotOwnedError. */
  async queues(virtualHost = '/'): Promise<readonly QueueInfo[]> {
    const columns = ['name', 'messages', 'messages_ready', 'messages_unacknowledged', 'consumers'];
    const rows = JSON.parse(
      await this.ctl('list_queues', '--vhost', virtualHost, '--formatter', 'json', ...columns),
    ) as Row[];
    return rows.map((row) => ({
      name: row.name,
      messages: row.messages,
      ready: row.messages_ready,
      unacknowledged: row.messages_unacknowledged,
      consumers: row.consumers,
    }));
  }

  /** Closes all connections to a virtual host from the side of the broker. Throws NotOwnedError. */
  async closeConnections(virtualHost = '/', reason = 'closed by a test'): Promise<void> {
    await this.ctl('close_all_connections', '--vhost', virtualHost, reason);
  }

  /** Sets or clears the memory alarm, which blocks the connections that publish. Throws NotOwnedError. */
  async setMemoryAlarm(on: boolean): Promise<void> {
    await this.ctl('set_vm_memory_high_watermark', on ? '0' : '0.8');
  }
}

interface Row {
  readonly name: string;
  readonly messages: number;
  readonly messages_ready: number;
  readonly messages_unacknowledged: number;
  readonly consumers: number;
}
