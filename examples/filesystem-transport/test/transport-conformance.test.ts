import { registerConformance, transportConformance, transportHarness } from '@kombu/testing';
import { filesystemTransport } from '../src/index.ts';
import { temporaryFolders } from './support/folders.ts';

const leaseMs = 300;
const noList = 'Kombu keeps no list of queues: a queue is there when somebody uses it';

registerConformance(
  { describe, it, afterAll },
  transportConformance,
  transportHarness({
    name: 'filesystem',
    transport: filesystemTransport,
    transportOptions: { ...temporaryFolders(), leaseMs },
    leaseMs,
    timeScale: 0.2,
    quietMs: 25,
    deadlineMs: 15_000,
    unreachableUrl: 'filesystem://?dataFolderIn=/dev/null/data',
    quirks: {
      'get/missing-queue': noList,
      'consumers/missing-queue': noList,
      'unroutable/mandatory': noList,
      'unroutable/returned': noList,
    },
  }),
);
