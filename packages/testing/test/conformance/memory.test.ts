import {
  registerConformance,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
} from '../../src/conformance/index.ts';
import { fullStores, memoryHarness, memoryStores } from './memory.ts';

registerConformance({ describe, it, afterAll }, transportConformance, transportHarness(memoryHarness));
registerConformance({ describe, it }, storeConformance, storeHarness(memoryStores));
registerConformance({ describe, it }, storeConformance, storeHarness(fullStores));
