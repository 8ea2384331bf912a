import type { Target, TransportContext } from '@kombu/core/spi';
import { hostsOf } from './hosts.ts';
import { library } from './library.ts';
import { readOptions } from './options.ts';
import { Paths } from './paths.ts';
import { Session } from './session.ts';
import { ZooKeeperStore } from './store.ts';

/** Opens a session with the ensemble that a target names. */
export async function openStore(target: Target, context: TransportContext): Promise<ZooKeeperStore> {
  const { sessionTimeout, hostTimeout, acl } = readOptions(target);
  const paths = new Paths(target.virtualHost);
  const { userid, password = '' } = target;
  const { OPEN_ACL_UNSAFE, CREATOR_ALL_ACL } = library.ACL;
  const session = await Session.open(
    {
      hosts: hostsOf(target),
      sessionTimeout,
      hostTimeout,
      credentials: userid === undefined ? undefined : `${userid}:${password}`,
      acls: acl === 'creator' ? CREATOR_ALL_ACL : OPEN_ACL_UNSAFE,
    },
    context,
  );
  return ZooKeeperStore.open({ ...context, session, paths });
}
