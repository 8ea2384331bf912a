import { registerConformance, storeConformance, storeHarness } from '@kombu/testing';
import { filesystemTransport } from '../src/index.ts';
import { openStore, temporaryFolders } from './support/folders.ts';

const options = { ...temporaryFolders(), leaseMs: 300 };

registerConformance(
  { describe, it },
  storeConformance,
  storeHarness({
    name: 'the store of filesystem',
    capabilities: filesystemTransport.capabilities,
    leaseMs: options.leaseMs,
    timeScale: 0.2,
    quietMs: 25,
    lacks: ['declare', 'exists'],
    stores: (clock) => () => openStore(options, clock),
  }),
);
