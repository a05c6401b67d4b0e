/** limn serve keys */
import { Command, Option } from 'commander';
import { addKey, readKeys, removeKey, type Scope, scopes } from '../../server/guard/keys.js';
import { newCommand, required } from '../options.js';

interface KeyFlags {
  file?: string;
  scope?: Scope;
  note?: string;
  id?: string;
  json?: boolean;
}

export function keysCommand(): Command {
  const command = (name: string, description: string) =>
    newCommand(name, description).option('--file <file>', 'the file of keys');
  return new Command('keys')
    .description('Create, list and remove API keys.')
    .addCommand(
      command('add', 'Create a key. It is printed once; the file contains its hash.')
        .addOption(new Option('--scope <scope>', 'what the key allows; write includes read').choices(scopes))
        .option('--note <words>', 'what the key is for')
        .action(runAdd),
    )
    .addCommand(command('list', 'List the keys of a file.').option('--json', 'print them as JSON').action(runList))
    .addCommand(
      command('remove', 'Remove a key; servers notice within a second.').option('--id <id>', 'as listed').action(runRemove),
    );
}

async function runAdd(flags: KeyFlags): Promise<void> {
  const file = required(flags.file, '--file', 'serve keys add');
  const scope = required(flags.scope, '--scope', 'serve keys add');
  const { key, entry } = await addKey(file, scope, flags.note);
  process.stderr.write(`Key ${entry.id} has the scope ${scope}. It is shown only once:\n`);
  process.stdout.write(`${key}\n`);
}

async function runList(flags: KeyFlags): Promise<void> {
  const keys = await readKeys(required(flags.file, '--file', 'serve keys list'));
  const shown = keys.map(({ id, scope, created, note }) => ({ id, scope, created, ...(note ? { note } : {}) }));
  if (flags.json) process.stdout.write(`${JSON.stringify(shown)}\n`);
  else
    for (const { id, scope, created, note } of shown)
      process.stdout.write(`${id}  ${scope.padEnd(5)}  ${created}  ${note ?? ''}\n`);
}

async function runRemove(flags: KeyFlags): Promise<void> {
  const id = required(flags.id, '--id', 'serve keys remove');
  await removeKey(required(flags.file, '--file', 'serve keys remove'), id);
  process.stdout.write(`Removed the key ${id}.\n`);
}
