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
  // Most of a test's time goes to databases of its own, so two go side by side on two processors too. With three, two processors have no time
  // left, and a database that stalls for seconds is to a function one that does not answer.
  maxWorkers: Math.max(2, availableParallelism() - 1),
  // It ends what hangs. How fast a machine is, is no test's business.
  testTimeout: 180_000,
};
