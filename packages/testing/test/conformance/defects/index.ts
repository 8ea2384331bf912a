import { ackDefects } from './ack-defects.ts';
import { bindingDefects } from './binding-defects.ts';
import { closeDefects } from './close-defects.ts';
import { consumerDefects } from './consumer-defects.ts';
import { hostileDefects } from './hostile-defects.ts';
import { lifeDefects } from './life-defects.ts';
import { messageDefects } from './message-defects.ts';
import { nameDefects } from './name-defects.ts';
import { orderDefects } from './order-defects.ts';
import type { Defect, StoreDefect } from './plant.ts';
import { prefetchDefects } from './prefetch-defects.ts';
import { publishDefects } from './publish-defects.ts';
import { requeueDefects } from './requeue-defects.ts';
import { routingDefects } from './routing-defects.ts';
import { storeBindingDefects } from './store-binding-defects.ts';
import { storeQueueDefects } from './store-queue-defects.ts';
import { storeReadDefects } from './store-read-defects.ts';
import { storeSettleDefects } from './store-settle-defects.ts';
import { timeDefects } from './time-defects.ts';
import { topologyDefects } from './topology-defects.ts';
import { valueDefects } from './value-defects.ts';

/** Faults of a transport. */
export const transportDefects: readonly Defect[] = [
  messageDefects,
  valueDefects,
  publishDefects,
  prefetchDefects,
  routingDefects,
  bindingDefects,
  topologyDefects,
  nameDefects,
  consumerDefects,
  ackDefects,
  requeueDefects,
  orderDefects,
  timeDefects,
  hostileDefects,
  lifeDefects,
  closeDefects,
].flat();

/** Faults of a store. */
export const storeDefects: readonly StoreDefect[] = [
  storeReadDefects,
  storeSettleDefects,
  storeQueueDefects,
  storeBindingDefects,
].flat();
