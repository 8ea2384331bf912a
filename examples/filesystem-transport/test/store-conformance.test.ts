import { registerConformance, storeConformance, storeHarness } from '@kombu/testing';
import { filesystemTransport } from '../src/index.ts';
import { openStore, temporaryFolders } from './support/folders.ts';

const options = { ...temporaryFolders(), leaseMs: 500 };

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
