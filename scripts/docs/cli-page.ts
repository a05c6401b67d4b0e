/** docs/reference/cli.md, from the commands themselves. */
import { type Command, InvalidArgumentError, type Option } from 'commander';
import { newProgram } from '../../src/apps/cli/program.js';
import { cell, generated } from './page.js';

const exitCodes = `## Exit codes

| code | meaning |
|---|---|
| 0 | success |
| 1 | failure |
| 2 | wrong call: unknown option, missing value, wrong configuration |
| 130 | interrupted, after a checkpoint where there is one |

Data goes to standard output; progress, notes and errors go to standard error. An error is one line; \`LIMN_DEBUG=1\` adds the stack trace.

## Where an option gets its value

A flag takes precedence over the environment (\`LIMN_BATCH_SIZE\` for \`--batch-size\`), that over the file of \`--config\`, that over \`limn.config.json\` in the
working folder, and that over the default. A configuration file has a section for each command:
\`{ "train": { "encoder": "patch", "epochs": 20 }, "search": { "k": 5 } }\`. [Installation](../installation.md#environment-variables) lists the other variables.
`;

export async function cliPage(): Promise<string> {
  const program = await newProgram();
  const every = flatten(program, program.name());
  const groups = [...new Set(program.commands.map((command) => command.helpGroup()))];
  const contents = groups.flatMap((group) => [
    `**${group.replace(':', '')}**`,
    program.commands
      .filter((command) => command.helpGroup() === group)
      .map((command) => `- [limn ${command.name()}](#limn-${command.name()}): ${command.description()}`)
      .join('\n'),
  ]);
  return [
    generated('Command line', 'the commands'),
    ...contents,
    exitCodes.trimEnd(),
    ...every.flatMap(({ path, command }) => section(path, command)),
  ]
    .join('\n\n')
    .concat('\n');
}

const flatten = (command: Command, path: string): { path: string; command: Command }[] => [
  { path, command },
  ...command.commands.flatMap((inner) => flatten(inner, `${path} ${inner.name()}`)),
];

function section(path: string, command: Command): string[] {
  const options = command.options.filter((option) => !option.hidden);
  // Those of the program are listed at the head of the page.
  const inner = (command.parent ? command.commands : []).map(
    (one) => `- [${path} ${one.name()}](#${`${path} ${one.name()}`.replaceAll(' ', '-')}): ${one.description()}`,
  );
  const args = command.registeredArguments.map((one) =>
    row([`\`<${one.name()}>\``, one.description, one.argChoices?.join(', ') ?? '', '']),
  );
  const usage = command.createHelp().commandUsage(command);
  return [
    `## ${path}`,
    command.description(),
    `    ${usage}`,
    ...(inner.length > 0 ? [inner.join('\n')] : []),
    ...(options.length + args.length > 0
      ? [['| option | meaning | values | default |', '|---|---|---|---|', ...args, ...options.map(optionRow)].join('\n')]
      : []),
  ];
}

const row = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;

function optionRow(option: Option): string {
  const [, text = option.description, said = ''] = /^(.*?) \(default: (.*)\)$/.exec(option.description) ?? [];
  const standard =
    option.defaultValue === undefined || option.defaultValue === false ? said : JSON.stringify(option.defaultValue);
  return row([`\`${option.flags}\``, text, valuesOf(option), standard]);
}

/** The choices of an option, or the range that it names when it refuses a value. */
function valuesOf({ argChoices, parseArg }: Option): string {
  if (argChoices) return argChoices.map((choice) => `\`${choice}\``).join(', ');
  try {
    parseArg?.('', undefined as never);
  } catch (error) {
    const range = error instanceof InvalidArgumentError ? /^Give (a (?:whole )?number.*|numbers.*)\.$/.exec(error.message) : null;
    if (range?.[1]) return range[1];
  }
  return '';
}
