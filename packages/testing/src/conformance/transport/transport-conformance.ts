import { ack } from './cases/ack.ts';
import { bindings } from './cases/bindings.ts';
import { cancel } from './cases/cancel.ts';
import { close } from './cases/close.ts';
import { connect } from './cases/connect.ts';
import { consumers } from './cases/consumers.ts';
import { deadLetter } from './cases/dead-letter.ts';
import { declare } from './cases/declare.ts';
import { delay } from './cases/delay.ts';
import { errors } from './cases/errors.ts';
import { flow } from './cases/flow.ts';
import { get } from './cases/get.ts';
import { hostile } from './cases/hostile.ts';
import { leaks } from './cases/leaks.ts';
import { lease } from './cases/lease.ts';
import { limits } from './cases/limits.ts';
import { load } from './cases/load.ts';
import { messages } from './cases/messages.ts';
import { names } from './cases/names.ts';
import { order } from './cases/order.ts';
import { prefetch } from './cases/prefetch.ts';
import { priority } from './cases/priority.ts';
import { publishFor } from './cases/publish-for.ts';
import { remove } from './cases/remove.ts';
import { requeue } from './cases/requeue.ts';
import { restart } from './cases/restart.ts';
import { routing } from './cases/routing.ts';
import { ttl } from './cases/ttl.ts';
import { unroutable } from './cases/unroutable.ts';
import { values } from './cases/values.ts';
import type { TransportCase } from './transport-test.ts';

/** Every rule of the level-1 SPI as a case, the basic ones first. For `registerConformance` and `runConformance`. */
export const transportConformance: readonly TransportCase[] = [
  messages,
  values,
  get,
  routing,
  bindings,
  unroutable,
  publishFor,
  declare,
  remove,
  consumers,
  prefetch,
  cancel,
  ack,
  requeue,
  order,
  priority,
  ttl,
  delay,
  limits,
  deadLetter,
  lease,
  hostile,
  errors,
  connect,
  close,
  names,
  load,
  leaks,
  flow,
  restart,
].flat();
