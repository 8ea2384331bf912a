import {
  registerConformance,
  storeConformance,
  storeHarness,
  transportConformance,
  transportHarness,
} from '../../src/conformance/index.ts';
import { memoryStores, memoryHarness } from './memory.ts';

registerConformance({ describe, it }, transportConformance, transportHarness(memoryHarness));
registerConformance({ describe, it }, storeConformance, storeHarness(memoryStores));
