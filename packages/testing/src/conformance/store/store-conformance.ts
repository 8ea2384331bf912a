import { bindings } from './cases/bindings.ts';
import { end } from './cases/end.ts';
import { lease } from './cases/lease.ts';
import { manage } from './cases/manage.ts';
import { putGet } from './cases/put-get.ts';
import { ranks } from './cases/ranks.ts';
import { settle } from './cases/settle.ts';
import { waiting } from './cases/waiting.ts';
import type { StoreCase } from './store-test.ts';

/** Every rule of `QueueStore` as a case, the basic ones first. For `registerConformance` and `runConformance`. */
export const storeConformance: readonly StoreCase[] = [
  putGet,
  waiting,
  settle,
  lease,
  manage,
  ranks,
  bindings,
  end,
].flat();
