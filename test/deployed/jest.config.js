import base from '../../jest.config.js';

/** The tests of a deployment, which main.ts runs against the stage it has made; the fast suite leaves them out. */
export default {
  ...base,
  rootDir: '../..',
  roots: ['<rootDir>/test/deployed'],
  testPathIgnorePatterns: [],
  // One after the other: a rehearsal wants a table at rest.
  maxWorkers: 1,
};
