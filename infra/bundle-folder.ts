import path from 'node:path';

/** Where bundles are written and where the stacks find them: one folder a function, `<function>/index.mjs`. */
export const bundleFolder: string = path.join(import.meta.dirname, '..', 'dist', 'functions');
