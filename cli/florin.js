#!/usr/bin/env node
// The project is run from its TypeScript sources, which Node does by itself from 22.18 on. An older Node, which may be
// the one that npx was started with, hands over to the one that the project has installed for itself.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ownArguments = process.argv.slice(2);

if (process.features.typescript) {
  const { enableCompileCache } = await import('node:module');
  enableCompileCache();
  const { main } = await import('./main.ts');
  process.exitCode = await main(ownArguments);
} else {
  const node = fileURLToPath(new URL('../node_modules/.bin/node', import.meta.url));
  if (!existsSync(node)) {
    console.error(
      `florin needs Node 22.18 or later, and this is ${process.version}. "npm ci" in its folder brings one.`,
    );
    process.exitCode = 1;
  } else {
    const { status, signal } = spawnSync(node, [fileURLToPath(import.meta.url), ...ownArguments], { stdio: 'inherit' });
    if (signal) process.kill(process.pid, signal);
    process.exitCode = status ?? 1;
  }
}
