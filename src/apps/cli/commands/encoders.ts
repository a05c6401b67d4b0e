/** limn encoders pull, add (import), list, check */
import { Command, InvalidArgumentError, Option } from 'commander';
import { LimnError } from '../../../core/errors.js';
import {
  checkHubEncoder,
  type HubEncoder,
  listHubEncoders,
  openHubEncoder,
} from '../../../models/encoders/hub/encoder-folder.js';
import { type EncoderFindings, encoderFindings, findingLines } from '../../../models/encoders/hub/findings.js';
import { type ImportOptions, importEncoder } from '../../../models/encoders/hub/import-encoder.js';
import { type EncoderDtype, encoderDtypes } from '../../../models/encoders/hub/layout.js';
import { pullEncoder } from '../../../models/encoders/hub/pull.js';
import { fits, resamplings } from '../../../models/encoders/image/image.js';
import { partLines, partsOfEncoder } from '../encoder-parts.js';
import { runLong } from '../long-work.js';
import { newCommand } from '../options.js';

interface PullFlags {
  revision?: string;
  mirror?: string;
  dtype?: EncoderDtype;
  token?: string;
  force?: boolean;
  json?: boolean;
}

export function encodersCommand(): Command {
  const dtype = () => new Option('--dtype <kind>', 'the kind of weights (default: fp32)').choices(encoderDtypes);
  const pull = newCommand('pull', 'Get an encoder from the Hugging Face Hub or a mirror.')
    .argument('<repo>', 'e.g. openai/clip-vit-base-patch32')
    .option('--revision <name>', 'a branch, tag or commit (default: main)')
    .option('--mirror <url>', 'another hub with the same URL layout (or LIMN_HUB_ENDPOINT, HF_ENDPOINT)')
    .addOption(dtype())
    .option('--token <token>', 'an access token, for models that need one (better: HF_TOKEN)')
    .option('--force', 'download every file again')
    .option('--json', 'print the result as JSON')
    .action(runPull);
  const add = newCommand('add', 'Import an encoder from a folder or an ONNX file, and describe it.')
    .alias('import')
    .argument('<place>', 'a folder with ONNX files and their settings, or an ONNX file')
    .option('--name <name>', "what to call it (default: the folder's or the file's name)")
    .addOption(dtype())
    .addOption(new Option('--global-feature <kind>', 'what represents a whole image').choices(['output', 'class', 'mean']))
    .addOption(new Option('--text-global-feature <kind>', 'what represents a whole text').choices(['output', 'class', 'mean']))
    .addOption(new Option('--layout <order>', "the order of the image input's axes").choices(['NCHW', 'NHWC']))
    .addOption(new Option('--map-layout <order>', 'the order of the axes of a feature map').choices(['NCHW', 'NHWC']))
    .option('--skip-tokens <count>', 'tokens before the local ones, such as a class token', parseCount)
    .option('--size <pixels>', 'width and height of the images', parseCount)
    .option('--scaled-side <pixels>', 'what the shorter side is scaled to before the crop', parseCount)
    .option('--mean <r,g,b>', 'mean of each colour, from 0 to 1', parseColours)
    .option('--std <r,g,b>', 'standard deviation of each colour, from 0 to 1', parseColours)
    .addOption(new Option('--resampling <filter>', 'how images are resized').choices(resamplings))
    .addOption(new Option('--fit <way>', 'stretch (fill), crop (cover) or add borders (contain)').choices(fits))
    .addOption(new Option('--channel-order <order>', 'the order of the colours').choices(['RGB', 'BGR']))
    .option('--json', 'print the result as JSON')
    .action(runAdd);
  const list = newCommand('list', 'Show the encoders that were pulled or imported.')
    .option('--json', 'print them as JSON')
    .action(runList);
  const check = newCommand(
    'check',
    "Compare an encoder's files with their hashes, and show what it is and which parts can be trained.",
  )
    .argument('<name>')
    .option('--names', 'list the names of all weights')
    .option('--json', 'print the result as JSON, names included')
    .action(runCheck);
  const command = new Command('encoders').description('Get, list and check encoders such as CLIP.');
  for (const part of [pull, add, list, check]) command.addCommand(part);
  return command;
}

async function runPull(repo: string, flags: PullFlags): Promise<void> {
  const { json, ...options } = flags;
  report(await runLong((tools) => pullEncoder(repo, { ...options, ...tools })), json);
}

interface AddFlags extends Omit<ImportOptions, 'std' | 'shorterSide'> {
  std?: number[];
  scaledSide?: number;
  json?: boolean;
}

async function runAdd(place: string, { json, std, scaledSide, ...options }: AddFlags): Promise<void> {
  const encoder = await importEncoder(place, { ...options, std: std, shorterSide: scaledSide });
  report(encoder, json);
  if (json) return;
  const findings = await encoderFindings(encoder);
  for (const line of [...findingLines(findings), nextStep(findings)]) process.stdout.write(`${line}\n`);
}

function nextStep({ name, picture: image, text }: EncoderFindings): string {
  const sides = [...(image ? [`--encoder ${name}`] : []), ...(text ? [`--text-encoder ${name}`] : [])].join(' ');
  const counts = [image, text].flatMap((side) => (side && 'blocks' in side.trainable ? [side.trainable.blocks] : []));
  const last = Math.min(...counts) - 1;
  const trained =
    Number.isFinite(last) && last >= 0 ? `; with --train-from 0${last > 0 ? ` to ${last}` : ''} it is trained too` : '';
  return `next: limn train ${sides} ... uses it as it is${trained}.`;
}

function parseCount(value: string): number {
  const count = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(count)) throw new InvalidArgumentError('It must be a whole number.');
  return count;
}

function parseColours(value: string): number[] {
  const colours = value.split(',').map(Number);
  if (colours.length !== 3 || !colours.every(Number.isFinite))
    throw new InvalidArgumentError('It must be three numbers, such as 0.5,0.5,0.5.');
  return colours;
}

function report({ name, folder, image, text }: HubEncoder, json = false): void {
  const parts = [...(image ? ['pictures'] : []), ...(text ? ['texts'] : [])].join(' and ');
  if (json) process.stdout.write(`${JSON.stringify({ name, folder, picture: image?.description, text: text?.description })}\n`);
  else process.stdout.write(`${name}: ${parts}${image ? `, ${image.description.size} pixels` : ''}, in ${folder}\n`);
}

async function runList(flags: { json?: boolean }): Promise<void> {
  const encoders = (await listHubEncoders()).map(({ folder, name, dtype, source, files, picture: image, text }) => {
    const bytes = Object.values(files).reduce((sum, { size }) => sum + size, 0);
    return { name, dtype, picture: image !== undefined, text: text !== undefined, commit: source?.commit, bytes, folder };
  });
  if (flags.json) process.stdout.write(`${JSON.stringify(encoders, undefined, 2)}\n`);
  else if (encoders.length === 0) process.stderr.write('There are none yet: get one with "limn encoders pull".\n');
  else
    for (const { name, dtype, picture: image, text, commit, bytes } of encoders) {
      const from = commit ? `at ${commit.slice(0, 8)}` : 'imported';
      process.stdout.write(
        `${name.padEnd(36)} ${dtype.padEnd(5)} ${[...(image ? ['pictures'] : []), ...(text ? ['texts'] : [])].join('+')} ${(bytes / 1e6).toFixed(1)} MB ${from}\n`,
      );
    }
}

async function runCheck(name: string, flags: { names?: boolean; json?: boolean }): Promise<void> {
  const encoder = await openHubEncoder(name);
  const problems = await runLong((tools) => checkHubEncoder(encoder.folder, tools));
  if (problems.length === 0) {
    const parts = await partsOfEncoder(encoder);
    if (flags.json) {
      process.stdout.write(`${JSON.stringify({ name: encoder.name, parts })}\n`);
      return;
    }
    process.stdout.write(`${encoder.name}: every file is unchanged\n`);
    for (const line of findingLines(await encoderFindings(encoder))) process.stdout.write(`${line}\n`);
    for (const [tower, found] of Object.entries(parts)) {
      for (const line of partLines(tower, found, flags.names)) process.stdout.write(`${line}\n`);
    }
    return;
  }
  throw new LimnError(
    'ENCODER',
    `${encoder.name} is damaged: ${problems.join('; ')}. Pull it again with --force, or import it again.`,
    {
      details: { problems },
    },
  );
}
