/** Completion for fish. */
import type { CompletedCommand, CompletedOption, CompletedValue } from './definition.js';

/** For `limn completion fish | source`. */
export function fishCompletion(definition: readonly CompletedCommand[]): string {
  return `# Completion of limn for fish: limn completion fish | source
complete -c limn -f
${definition.flatMap((command) => linesOf(command)).join('\n')}
`;
}

function linesOf({ path, commands, options, argument }: CompletedCommand): string[] {
  const words = path.split(' ').slice(1);
  const names = commands.map(({ name }) => name);
  const here = words.map((word) => `__fish_seen_subcommand_from ${word}`);
  const before = names.length > 0 ? [`not __fish_seen_subcommand_from ${names.join(' ')}`] : [];
  const when = (conditions: string[]) => (conditions.length > 0 ? ` -n ${quoted(conditions.join('; and '))}` : '');
  return [
    ...commands.map(({ name, summary }) => `complete -c limn${when([...here, ...before])} -a ${name} -d ${quoted(summary)}`),
    ...options.map((option) => `complete -c limn${when([...here, ...before])}${optionOf(option)}`),
    ...(argument ? [`complete -c limn${when([...here, ...before])}${valuePart(argument)}`] : []),
  ];
}

function optionOf({ flags, summary, value }: CompletedOption): string {
  const named = flags.map((flag) => (flag.startsWith('--') ? ` -l ${flag.slice(2)}` : ` -s ${flag.slice(1)}`)).join('');
  return `${named}${value ? ` -r${valuePart(value)}` : ''} -d ${quoted(summary)}`;
}

function valuePart(value: CompletedValue): string {
  if (value.kind === 'choices') return ` -a ${quoted(value.choices.join(' '))}`;
  if (value.kind === 'folder') return ` -a ${quoted('(__fish_complete_directories)')}`;
  return value.kind === 'file' ? ' -F' : '';
}

const quoted = (text: string) => `'${text.replace(/[\\']/g, '\\$&')}'`;
