import * as z from 'zod';

const lockedPackage = z.object({
  /** Of the registry, where it is installed under another. */
  name: z.string().optional(),
  version: z.string().optional(),
  resolved: z.string().optional(),
  integrity: z.string().optional(),
  link: z.boolean().optional(),
  inBundle: z.boolean().optional(),
  optional: z.boolean().optional(),
  os: z.array(z.string()).optional(),
  cpu: z.array(z.string()).optional(),
  hasInstallScript: z.boolean().optional(),
  dependencies: z.record(z.string(), z.string()).optional(),
  devDependencies: z.record(z.string(), z.string()).optional(),
  optionalDependencies: z.record(z.string(), z.string()).optional(),
});

type LockedPackage = z.output<typeof lockedPackage>;

const lockFile = z.object({ lockfileVersion: z.literal(3), packages: z.record(z.string(), lockedPackage) });

const packageFile = z.object({ allowScripts: z.record(z.string(), z.union([z.boolean(), z.string()])) });

/** A digest that npm compares what it downloads with; older ones than these can be forged. */
const strongIntegrity = /^sha(?:256|384|512)-[A-Za-z0-9+/]+=*$/;
const publicRegistry = 'https://registry.npmjs.org/';
/** A version of the registry: no address, no folder, no repository. */
const registryVersion = /^[0-9]+\.[0-9]+\.[0-9]+(?:[-+][0-9A-Za-z.+-]+)?$/;
const foreignRange = /^(?:git|github|gitlab|bitbucket|https?|ssh|file|link|workspace)[:+]|^[\w.-]+\/[\w.-]+(?:#|$)/;

/**
 * What is wrong with a lock file: a package without a digest, unless it is an optional binary of one platform, from anywhere but its own
 * place in the public registry, under another's name that nobody asked for, or with an install script that `allowScripts` of the package
 * file does not decide on. Empty where nothing is.
 *
 * @param lockText the text of `package-lock.json`
 * @param packageText the text of `package.json`
 */
export function lockFileFaults(lockText: string, packageText: string): string[] {
  const { packages } = lockFile.parse(JSON.parse(lockText));
  const { allowScripts } = packageFile.parse(JSON.parse(packageText));
  const faults: string[] = [];
  const aliases = aliasesOf(Object.values(packages));
  for (const [place, locked] of Object.entries(packages)) {
    for (const [name, range] of rangesOf(locked))
      if (foreignRange.test(range)) faults.push(`${place || 'package.json'}: ${name} is ${range}, not of the registry`);
    if (place === '') continue;
    if (locked.link) faults.push(`${place}: a link to a folder`);
    if (!registryVersion.test(locked.version ?? '')) faults.push(`${place}: ${locked.version} is no version`);
    if (locked.resolved !== undefined && locked.resolved !== addressOf(place, locked))
      faults.push(`${place}: comes from ${locked.resolved}`);
    if (locked.name !== undefined && !aliases.has(`${nameOf(place)} ${locked.name}`))
      faults.push(`${place}: is ${locked.name}, which nobody asks for under that name`);
    if (!locked.inBundle && !isOfOtherPlatform(locked) && !strongIntegrity.test(locked.integrity ?? ''))
      faults.push(`${place}: has no digest`);
    if (locked.hasInstallScript && !Object.hasOwn(allowScripts, nameOf(place)))
      faults.push(`${place}: has an install script that allowScripts does not decide on`);
  }
  return faults;
}

/**
 * Whether it is a binary for one kind of machine whose digest nobody has recorded, since the registry that the lock file was made with
 * does not have it. npm installs it on that kind of machine only; the version is fixed, the content is not.
 */
function isOfOtherPlatform(locked: LockedPackage): boolean {
  return locked.integrity === undefined && locked.optional === true && (locked.os ?? locked.cpu) !== undefined;
}

function rangesOf({ dependencies, devDependencies, optionalDependencies }: LockedPackage): [string, string][] {
  return Object.entries({ ...dependencies, ...devDependencies, ...optionalDependencies });
}

/** What is asked for under another name, as `name real-name`. */
function aliasesOf(all: readonly LockedPackage[]): ReadonlySet<string> {
  const ranges = all.flatMap(rangesOf);
  return new Set(
    ranges.flatMap(([name, range]) => {
      const real = /^npm:(@?[^@]+)/.exec(range)?.[1];
      return real === undefined ? [] : [`${name} ${real}`];
    }),
  );
}

/** Where the public registry has a package. */
function addressOf(place: string, { name = nameOf(place), version = '' }: LockedPackage): string {
  return `${publicRegistry}${name}/-/${name.slice(name.lastIndexOf('/') + 1)}-${version}.tgz`;
}

function nameOf(place: string): string {
  return place.slice(place.lastIndexOf('node_modules/') + 'node_modules/'.length);
}
