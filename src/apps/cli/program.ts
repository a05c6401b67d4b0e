/** The command line as a whole: commands, and how it ends. */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { LimnError, messageOf } from '../../core/errors.js';
import { sayFormerNames } from '../../core/former-names.js';
import { commands } from './commands.js';
import { presentFlags } from './former-flags.js';
import { takePlugins } from './plugins.js';
import { applySettings, defaultConfigFile } from './settings.js';

/** A command that cannot be loaded, which is no fault of the call. */
export class CannotStart extends Error {}

/**
 * All commands, not yet run. The one that is called is whole; the others are there by name and summary alone, unless a config file may
 * name their options.
 *
 * @param words of the command line. @default all commands are whole
 * @throws CannotStart with the cause
 */
export async function newProgram(words?: readonly string[]): Promise<Command> {
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  const program = new Command('limn')
    .description('Search your own images with an image and a sentence.')
    .version(version)
    // Of commander's own "help" command.
    .commandsGroup('Try:')
    .helpCommand(true)
    .option('--plugin <file>', 'a module with methods, stores, datasets, protocols or encoders of your own; repeatable')
    .addHelpText('after', '\nStart with "limn demo", which needs no data.');
  const called = words?.[0];
  const hasConfig =
    process.env.LIMN_CONFIG !== undefined ||
    existsSync(defaultConfigFile) ||
    words?.some((word) => word === '--config' || word.startsWith('--config='));
  const whole = (name: string) =>
    words === undefined || called === 'help' || called === 'completion' || name === called || hasConfig;
  for (const [name, { group, summary, load }] of Object.entries(commands)) {
    const command = whole(name)
      ? await load().catch((cause) => {
          throw new CannotStart('', { cause });
        })
      : new Command(name).description(summary);
    program.addCommand(command.helpGroup(`${group}:`));
  }
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ outputError: () => {} });
    command.commands.forEach(quiet);
  };
  quiet(program);
  return program.hook('preAction', async (_, command) => {
    await applySettings(program, command);
    // Before anything is written: a GPU that is asked for must be there. The doctor says itself whether it is.
    const isDoctor = command.name() === 'doctor';
    if (isDoctor || command.getOptionValue('device') === undefined) return;
    await (await import('../../engine/runtime/session.js')).requireDevice();
  });
}

/**
 * Runs one command line. Data goes to stdout; what went wrong goes to stderr in one line, with the whole error under it when
 * LIMN_DEBUG is 1.
 *
 * @param words what stands after "limn"
 * @returns the exit code: 0, 1 for a failure, 2 for a wrong call, 130 after an interruption
 * @throws what keeps a command from being loaded
 */
export async function runProgram(words: readonly string[]): Promise<number> {
  try {
    sayFormerNames((message) => complain(`note: ${message}`));
    const rest = presentFlags(await takePlugins(words));
    const program = await newProgram(rest);
    await program.parseAsync(rest, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CannotStart) throw error.cause;
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return 0;
      // Without a command, commander has shown the help.
      if (error.code !== 'commander.help') complain(usageMessage(error, words[0]));
      return 2;
    }
    const known = LimnError.isInstance(error);
    complain(known ? messageOf(error) : `unexpected error: ${messageOf(error)} (LIMN_DEBUG=1 shows where)`);
    if (process.env.LIMN_DEBUG === '1') console.error(error);
    return known ? exitCodeOf(error) : 1;
  }
}

/** 2 for a wrong call, 130 for an interruption, 1 for everything else. */
function exitCodeOf({ code }: LimnError): number {
  if (code === 'USAGE' || code === 'CONFIG') return 2;
  return code === 'INTERRUPTED' ? 130 : 1;
}

function usageMessage(error: CommanderError, command: string | undefined): string {
  const message = messageOf(error).replace(/^error: /, '');
  const help =
    command && !command.startsWith('-') && error.code !== 'commander.unknownCommand' ? `limn ${command} --help` : 'limn --help';
  return `${message.replace(/[^.?!)]$/, '$&.')} See "${help}".`;
}

function complain(message: string): void {
  process.stderr.write(`limn: ${message}\n`);
}
