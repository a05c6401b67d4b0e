/** Completion for fish. */
import type { CompletedCommand, CompletedOption, CompletedValue } from './definition.js';

/** For `limn completion fish | source`. */
export function fishCompletion(definition: readonly CompletedCommand[]): string {
  const paths = definition.slice(1).map(({ path }) => quoted(path));
  return `# Completion of limn for fish: limn completion fish | source
function __limn_is
    set -l words (commandline -opc)
    set -l command limn
    for word in $words[2..-1]
        if contains -- "$command $word" ${paths.join(' ')}
            set command "$command $word"
        end
    end
    test "$command" = "$argv[1]"
end
complete -c limn -f
${definition.flatMap((command) => linesOf(command)).join('\n')}
`;
}

function linesOf({ path, commands, options, argument }: CompletedCommand): string[] {
  // The command that the line is about, not any that bears its name: "caption" may be the value of an option.
  const here = `complete -c limn -n ${quoted(`__limn_is "${path}"`)}`;
  return [
    ...commands.map(({ name, summary }) => `${here} -a ${name} -d ${quoted(summary)}`),
    ...options.map((option) => `${here}${optionOf(option)}`),
    ...(argument ? [`${here}${offer(argument)}`] : []),
  ];
}

function optionOf({ flags, summary, value }: CompletedOption): string {
  const named = flags.map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`)).join('');
  // An option wants its value (-r), and other files than these are no values of it (-x).
  const wants = value === undefined ? '' : value.kind === 'file' ? ' -r' : ' -x';
  return `${named}${wants}${value ? offer(value) : ''} -d ${quoted(summary)}`;
}

function offer(value: CompletedValue): string {
  if (value.kind === 'choices') return ` -a ${quoted(value.choices.join(' '))}`;
  if (value.kind === 'folder') return ` -a ${quoted('(__fish_complete_directories)')}`;
  return value.kind === 'file' ? ' -F' : '';
}

const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
