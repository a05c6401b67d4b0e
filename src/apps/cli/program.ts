/** The command line as a whole: commands, and how it ends. */
import { createRequire } from 'node:module';
import { Command, CommanderError } from 'commander';
import { LimnError, messageOf } from '../../core/errors.js';
import { requireDevice } from '../../engine/runtime/session.js';
import { captionCommand } from './commands/caption.js';
import { dataCommand } from './commands/data.js';
import { demoCommand } from './commands/demo.js';
import { doctorCommand } from './commands/doctor.js';
import { encodersCommand } from './commands/encoders.js';
import { evaluateCommand } from './commands/evaluate.js';
import { experimentCommand } from './commands/experiment.js';
import { galleryCommand } from './commands/gallery.js';
import { indexCommand } from './commands/index-images.js';
import { searchCommand } from './commands/search.js';
import { selfTrainCommand } from './commands/self-train.js';
import { serveCommand } from './commands/serve.js';
import { trainCommand } from './commands/train.js';
import { workerCommand } from './commands/worker.js';
import { takePlugins } from './plugins.js';
import { applySettings } from './settings.js';

/** All commands, not yet run. */
export function newProgram(): Command {
  const { version } = createRequire(import.meta.url)('../../../package.json') as { version: string };
  const program = new Command('limn')
    .description('Search your own pictures with a picture and a sentence.')
    .version(version)
    .option('--plugin <file>', 'a module with methods, stores, datasets, protocols or encoders of your own; repeatable')
    .addHelpText('after', '\nStart with "limn demo", which needs no data.');
  const commands = [
    trainCommand(),
    selfTrainCommand(),
    evaluateCommand(),
    indexCommand(),
    workerCommand(),
    searchCommand(),
    galleryCommand(),
    serveCommand(),
    captionCommand(),
    dataCommand(),
    experimentCommand(),
    demoCommand(),
    doctorCommand(),
    encodersCommand(),
  ];
  for (const command of commands) program.addCommand(command);
  const quiet = (command: Command): void => {
    command.exitOverride().configureOutput({ outputError: () => {} });
    command.commands.forEach(quiet);
  };
  quiet(program);
  return program.hook('preAction', async (_, command) => {
    await applySettings(program, command);
    // Before anything is written: a GPU that is asked for must be there. The doctor says itself whether it is.
    const isDoctor = command.name() === 'doctor';
    if (!isDoctor && command.getOptionValue('device') !== undefined) await requireDevice();
  });
}

/**
 * Runs one command line. Data goes to stdout; what went wrong goes to stderr in one line, with the whole error under it when
 * LIMN_DEBUG is 1.
 *
 * @param words what stands after "limn"
 * @returns the exit code: 0, 1 for a failure, 2 for a wrong call, 130 after an interruption
 */
export async function runProgram(words: readonly string[]): Promise<number> {
  try {
    const rest = await takePlugins(words);
    await newProgram().parseAsync(rest, { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
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
