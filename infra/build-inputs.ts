/**
 * The files and folders, relative to the project's, that decide what bundling and synthesis produce: while all their bytes stay
 * the same, so do the bundles and the templates.
 */
export const buildInputs = [
  'functions',
  'lib',
  'infra',
  'cdk.json',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
] as const;
