/** limn choices */
import { Command } from 'commander';
import { LimnError } from '../../../core/errors.js';
import { type Choice, namesItem, unusable } from '../../../search/choices/choice.js';
import { deleteChoices, readChoices } from '../../../search/choices/choice-files.js';

interface ChoicesFlags {
  show?: boolean;
  deleteAll?: boolean;
  deleteItem?: string;
  deleteBefore?: string;
  json?: boolean;
}

export function choicesCommand(): Command {
  return new Command('choices')
    .description('Count, show or delete the choices that "limn serve --keep-choices" has kept.')
    .argument('<folder>', 'the folder of --keep-choices')
    .option('--show', 'print each choice, the oldest first')
    .option('--delete-all', 'delete all choices')
    .option('--delete-item <id>', 'delete the choices that name this image anywhere')
    .option('--delete-before <day>', 'delete the choices of the days before this one, e.g. 2026-01-31')
    .option('--json', 'print as JSON; with --show, one choice a line')
    .addHelpText('after', '\nThe server may go on meanwhile. See docs/your-own-shop.md.')
    .action(runChoices);
}

async function runChoices(folder: string, flags: ChoicesFlags): Promise<void> {
  const goes = whichGo(flags);
  if (goes) {
    const count = await deleteChoices(folder, goes);
    const said = `Deleted ${counted(count.deleted)}; ${count.left} left in ${folder}.`;
    process.stdout.write(flags.json ? `${JSON.stringify(count)}\n` : `${said}\n`);
    return;
  }
  const { choices, damaged, torn } = await readChoices(folder);
  if (damaged > 0) process.stderr.write(`${damaged} lines are damaged and were passed over.\n`);
  if (torn) process.stderr.write('The last line is incomplete and was passed over.\n');
  if (flags.show) {
    for (const one of choices) process.stdout.write(`${flags.json ? JSON.stringify(one) : lineOf(one)}\n`);
    return;
  }
  const reasons = choices.map((one) => unusable(one));
  const unusableFor: Record<string, number> = {};
  for (const reason of reasons) if (reason) unusableFor[reason] = (unusableFor[reason] ?? 0) + 1;
  const usable = reasons.filter((reason) => reason === undefined).length;
  const days = choices.map(({ day }) => day).sort();
  const counts = { choices: choices.length, usable, unusable: unusableFor, first: days[0], last: days.at(-1), damaged, torn };
  if (flags.json) process.stdout.write(`${JSON.stringify(counts)}\n`);
  else process.stdout.write(asText(folder, counts));
}

/** @throws LimnError USAGE for more than one way to delete, and a day that is none */
function whichGo({ deleteAll, deleteItem, deleteBefore, show }: ChoicesFlags): ((one: Choice) => boolean) | undefined {
  const ways = [deleteAll, deleteItem, deleteBefore].filter((way) => way !== undefined).length;
  if (ways > 1 || (ways > 0 && show)) {
    throw new LimnError('USAGE', 'Give one of --show, --delete-all, --delete-item and --delete-before.');
  }
  if (deleteBefore !== undefined) {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(deleteBefore) || Number.isNaN(Date.parse(deleteBefore))) {
      throw new LimnError('USAGE', `${JSON.stringify(deleteBefore)} is not a day: write it as 2026-01-31.`);
    }
    return ({ day }) => day < deleteBefore;
  }
  if (deleteItem !== undefined) return (one) => namesItem(one, deleteItem);
  return deleteAll ? () => true : undefined;
}

interface Counts {
  choices: number;
  usable: number;
  unusable: Record<string, number>;
  first: string | undefined;
  last: string | undefined;
}

const counted = (count: number) => `${count} ${count === 1 ? 'choice' : 'choices'}`;

function asText(folder: string, { choices, usable, unusable: reasons, first, last }: Counts): string {
  if (choices === 0) return `${folder} has no choices.\n`;
  const why = Object.entries(reasons).map(([reason, count]) => `  ${count}: ${reason}`);
  const period = first === last ? `of ${first}` : `from ${first} to ${last}`;
  return [
    `${counted(choices)} ${period}. ${usable} can be learned from${why.length > 0 ? '; the others cannot:' : '.'}`,
    ...why,
    '',
  ].join('\n');
}

function lineOf({ day, gallery, references, otherReferences, texts, chosen, shown }: Choice): string {
  const from = [...references, ...(otherReferences > 0 ? [`${otherReferences} not kept`] : [])].join(' + ');
  const rank = shown.indexOf(chosen) + 1;
  return JSON.stringify([day, gallery, from, texts.join(' and '), `${chosen} (number ${rank})`])
    .slice(1, -1)
    .replaceAll(',"', '  "');
}
