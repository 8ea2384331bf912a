import type { Channel } from './channel.ts';
import type { Connection } from './connection.ts';
import { ResourcePool } from './resource-pool.ts';

/** Connections with the settings of one, made on demand; nothing is opened before their first use. */
export class ConnectionPool extends ResourcePool<Connection> {
  constructor(template: Connection, limit?: number) {
    super(
      {
        create: () => template.clone(),
        close: (connection) => connection.close(),
        isUsable: (connection) => connection.state !== 'closed' && connection.state !== 'closing',
      },
      template.internals.clock,
      limit,
      template.internals.logger,
    );
  }
}

/** Channels of one connection, opened on demand. */
export class ChannelPool extends ResourcePool<Channel> {
  constructor(connection: Connection, limit?: number) {
    super(
      {
        create: () => connection.channel(),
        close: (channel) => channel.close(),
        isUsable: (channel) => !channel.isClosed,
      },
      connection.internals.clock,
      limit,
      connection.internals.logger,
    );
  }
}
