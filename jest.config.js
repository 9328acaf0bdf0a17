import { availableParallelism } from 'node:os';

/** ESM through the VM modules flag (see scripts.test in package.json); swc only strips the types. */
export default {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // They need a deployment: npm run test:ministack, npm run test:localstack.
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/test/deployed/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } },
    ],
  },
  // Half of a test's time goes to waiting for databases and processes of its own, so three go side by side on two processors too.
  maxWorkers: Math.max(3, availableParallelism() - 1),
  testTimeout: 30_000,
};
