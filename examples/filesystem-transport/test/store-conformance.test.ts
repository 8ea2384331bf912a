import {
  registerConformance,
  storeConformance,
  storeHarness,
} from '../../../packages/testing/src/conformance/index.ts';
import { filesystemTransport } from '../src/index.ts';
import { openStore, temporaryFolders } from './support.ts';

const options = { ...temporaryFolders(), leaseMs: 400 };

registerConformance(
  { describe, it },
  storeConformance,
  storeHarness({
    name: 'the store of filesystem',
    capabilities: filesystemTransport.capabilities,
    leaseMs: options.leaseMs,
    timeScale: 0.3,
    quietMs: 50,
    lacks: ['declare', 'exists'],
    stores: (clock) => () => openStore(options, clock),
  }),
);
