/** The options that say how a captioner writes. */
import { type Command, Option } from 'commander';
import { LimnError } from '../../core/errors.js';
import { beamSettings, checkDecoding, type DecodingOptions, nucleusSettings } from '../../models/captioner/decoding.js';
import { flagOf } from './flag-name.js';
import { settingOption } from './setting-option.js';

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
      new Option('--decoding <way>', 'greedy: the likeliest word each time; beam: the likeliest text; nucleus: sampled')
        .choices(['greedy', 'beam', 'nucleus'])
        .default('greedy'),
    )
    .addOption(settingOption('--beams <count>', beamSettings.shape.beams))
    .addOption(settingOption('--length-penalty <power>', beamSettings.shape.lengthPenalty))
    .addOption(settingOption('--top-p <share>', nucleusSettings.shape.topP))
    .addOption(settingOption('--temperature <number>', nucleusSettings.shape.temperature))
    .addOption(settingOption('--decoding-seed <number>', nucleusSettings.shape.seed));
}

const optionsOf = { greedy: [], beam: ['beams', 'lengthPenalty'], nucleus: ['topP', 'temperature', 'decodingSeed'] } as const;

/** @throws LimnError USAGE for an option of another way of decoding */
export function decodingOf(flags: DecodingFlags): DecodingOptions {
  const { decoding: strategy } = flags;
  const own: readonly string[] = optionsOf[strategy];
  for (const [way, names] of Object.entries(optionsOf)) {
    const foreign = names.find((name) => flags[name] !== undefined && !own.includes(name));
    if (foreign === undefined) continue;
    throw new LimnError('USAGE', `${flagOf(foreign)} needs "--decoding ${way}" and is not supported with "${strategy}".`);
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
