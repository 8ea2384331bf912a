import { existsSync, readdirSync } from 'node:fs';

/** How TypeScript tests run; the soak tests too. */
export const typescript = {
  extensionsToTreatAsEsm: ['.ts'],
  // Tests run on the sources: no build is needed, and stack traces point at them.
  testEnvironmentOptions: { customExportConditions: ['@kombu/source', 'node', 'node-addons'] },
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2023', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
};

/** Servers that tests start are stopped at the end. */
export const services = {
  globalSetup: `${import.meta.dirname}/tools/services/jest/setup.mjs`,
  globalTeardown: `${import.meta.dirname}/tools/services/jest/teardown.mjs`,
};

// What the conformance suites found, for `npm run capabilities`. Tests run in processes that inherit it.
process.env.KOMBU_CONFORMANCE_REPORTS ??= `${import.meta.dirname}/reports/conformance`;

/** One jest project for every workspace folder that has tests. */
const project = (folder) => ({
  ...typescript,
  displayName: folder.split('/')[1],
  rootDir: `${import.meta.dirname}/${folder}`,
  testMatch: ['<rootDir>/test/**/*.test.ts'],
});

const folders = ['packages', 'examples', 'tools'].flatMap((group) =>
  readdirSync(`${import.meta.dirname}/${group}`)
    .map((name) => `${group}/${name}`)
    .filter((folder) => existsSync(`${import.meta.dirname}/${folder}/test`)),
);

export default {
  ...services,
  // A bound for machines that are busy, not a measure.
  testTimeout: 30_000,
  maxWorkers: '100%',
  // Set so that jest uses workers even when every file is fast.
  workerIdleMemoryLimit: '1GB',
  projects: folders.map(project),
};
