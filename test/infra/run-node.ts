import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';

/**
 * Runs a module's source in a Node process of its own, with source maps as in Lambda, in a folder from which none of the project's packages
 * can be found; resolves with what it prints. The environment is this process's unless another one is given, which is then all there is.
 */
export async function runNode(source: string, environment: NodeJS.ProcessEnv = process.env): Promise<string> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--enable-source-maps', '--input-type=module', '--eval', source],
    { cwd: tmpdir(), timeout: 20_000, env: environment },
  );
  return stdout;
}
