import { Command } from 'commander';
import { wholeNumber } from './arguments.ts';
import { commands } from './commands/registry.ts';
import { version } from './version.ts';

const longestTimeoutSeconds = 3_600;

const afterHelp = `
Amounts: digits are minor units (1050), with a decimal point major units (10.50 of USD/2). Tables show major units.
Address and key: options, FLORIN_URL and FLORIN_API_KEY, ~/.config/florin/config.json, or "npm start" in this folder.
Exit codes: 0 done, 1 unexpected, 2 usage, 3 declined, 4 not found, 5 conflict, 6 unavailable, 7 damage, 8 not allowed, 9 lines refused.
The reference is docs/reference/cli.md.`;

/** The command line with all its commands. It throws where commander would end the process. */
export function createProgram(): Command {
  const program = new Command('florin')
    .description('Moves and reads money in a Florin ledger, over its HTTP API.')
    .version(version, '--version')
    .option('--url <url>', 'the address of the API, with its stage if it has one')
    .option('--api-key <key>', 'the API key; others on this machine may see it in the list of processes')
    .option('--profile <name>', 'a profile of the configuration file')
    .option(
      '--timeout <seconds>',
      'how long a request may take with all its attempts',
      wholeNumber(1, longestTimeoutSeconds),
    )
    .option('--json', 'answer as JSON, one object a line')
    .addHelpText('after', afterHelp)
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(florin --help shows what there is)');
  for (const add of commands) add(program);
  throwInsteadOfExit(program);
  return program;
}

/** Subcommands made by `command()` take this over only from a parent that has it already. */
function throwInsteadOfExit(command: Command): void {
  command.exitOverride();
  for (const each of command.commands) throwInsteadOfExit(each);
}
