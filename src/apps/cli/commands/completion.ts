/** limn completion */
import { Argument, Command } from 'commander';
import { definitionOf } from '../completion/definition.js';
import { fishCompletion } from '../completion/fish.js';
import { bashCompletion, zshCompletion } from '../completion/posix.js';

const scripts = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion };

export function completionCommand(): Command {
  return new Command('completion')
    .description('Print a script that completes commands, options and their values in a shell.')
    .addArgument(new Argument('<shell>', 'the shell that the script is for').choices(Object.keys(scripts)))
    .addHelpText(
      'after',
      `
For this shell, or as a line of its start file:
  bash  source <(limn completion bash)
  zsh   source <(limn completion zsh)     after compinit
  fish  limn completion fish | source`,
    )
    .action((shell: keyof typeof scripts, _: object, command: Command) => {
      process.stdout.write(scripts[shell](definitionOf(command.parent as Command)));
    });
}
