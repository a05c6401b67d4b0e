/** The options that say how a captioner writes. */
import { type Command, Option } from 'commander';
import { LimnError } from '../../core/errors.js';
import { checkDecoding, type DecodingOptions } from '../../models/captioner/decoding.js';
import { numberOption } from './options.js';

export interface DecodingFlags {
  decoding: DecodingOptions['strategy'];
  beams?: number;
  lengthPenalty?: number;
  topP?: number;
  temperature?: number;
  decodingSeed?: number;
}

export function addDecodingOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--decoding <way>', 'greedy: the likeliest word each time; beam: the likeliest text; nucleus: drawn')
        .choices(['greedy', 'beam', 'nucleus'])
        .default('greedy'),
    )
    .addOption(
      numberOption('--beams <count>', 'texts that a beam search follows (default: 4)', { least: 1, most: 32, whole: true }),
    )
    .addOption(numberOption('--length-penalty <power>', 'of a beam search; more favours longer texts (default: 1)', { least: 0 }))
    .addOption(
      numberOption('--top-p <share>', 'of the probability that is drawn from (default: 0.9)', { least: 0, most: 1, above: true }),
    )
    .addOption(numberOption('--temperature <number>', 'over 1 draws more evenly (default: 1)', { least: 0, above: true }))
    .addOption(
      numberOption('--decoding-seed <number>', 'of what is drawn (default: 1)', { least: 0, most: 0xffffffff, whole: true }),
    );
}

const optionsOf = { greedy: [], beam: ['beams', 'lengthPenalty'], nucleus: ['topP', 'temperature', 'decodingSeed'] } as const;

/** @throws LimnError USAGE for an option of another way of decoding */
export function decodingOf(flags: DecodingFlags): DecodingOptions {
  const { decoding: strategy } = flags;
  const own: readonly string[] = optionsOf[strategy];
  for (const [way, names] of Object.entries(optionsOf)) {
    const foreign = names.find((name) => flags[name] !== undefined && !own.includes(name));
    if (foreign === undefined) continue;
    const flag = `--${foreign.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    throw new LimnError('USAGE', `${flag} goes with "--decoding ${way}", not with "${strategy}".`);
  }
  const given = Object.fromEntries(
    own.flatMap((name) => {
      const value = flags[name as keyof DecodingFlags];
      return value === undefined ? [] : [[name === 'decodingSeed' ? 'seed' : name, value]];
    }),
  );
  const options = { strategy, ...given } as DecodingOptions;
  checkDecoding(options);
  return options;
}
