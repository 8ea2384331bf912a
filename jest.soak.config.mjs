import { services, typescript } from './jest.config.mjs';

/** Tests that take minutes: many cycles, long runs, memory. One at a time, so that they measure themselves only. */
export default {
  ...typescript,
  ...services,
  displayName: 'soak',
  testMatch: ['<rootDir>/packages/*/soak/**/*.soak.test.ts'],
  testTimeout: 600_000,
  maxWorkers: 1,
};
