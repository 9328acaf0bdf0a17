/** `npm run sbom`: writes the bill of materials (CycloneDX) of what is deployed to `dist/sbom.cdx.json`. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { deterministicBill } from './bill-of-materials.ts';

const project = new URL('../', import.meta.url);
const target = new URL('dist/sbom.cdx.json', project);
const largestOutputBytes = 64 * 1_024 * 1_024;

// By the lock file alone, so that it does not matter what is installed.
const words = ['sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
const output = execFileSync('npm', words, {
  cwd: project,
  encoding: 'utf8',
  maxBuffer: largestOutputBytes,
  stdio: ['ignore', 'pipe', 'inherit'],
});
const { name } = JSON.parse(readFileSync(new URL('package.json', project), 'utf8')) as { readonly name: string };
const bill = deterministicBill(output, name);
mkdirSync(new URL('.', target), { recursive: true });
writeFileSync(target, bill);
console.log(`dist/sbom.cdx.json: ${JSON.parse(bill).components.length} components`);
