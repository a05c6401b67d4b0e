/** limn encoders pull, import, list, check */
import { Command, Option } from 'commander';
import { LimnError } from '../../../core/errors.js';
import {
  checkHubEncoder,
  type HubEncoder,
  listHubEncoders,
  openHubEncoder,
} from '../../../models/encoders/hub/encoder-folder.js';
import { importEncoder } from '../../../models/encoders/hub/import-encoder.js';
import { type EncoderDtype, encoderDtypes } from '../../../models/encoders/hub/layout.js';
import { pullEncoder } from '../../../models/encoders/hub/pull.js';
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
    .option('--mirror <url>', 'another hub with the same addresses (or LIMN_HUB_ENDPOINT, HF_ENDPOINT)')
    .addOption(dtype())
    .option('--token <token>', 'an access token, for models that need one (better: HF_TOKEN)')
    .option('--force', 'get every file again')
    .option('--json', 'print the result as JSON')
    .action(runPull);
  const bring = newCommand('import', 'Take an encoder from a folder in the layout of transformers.js.')
    .argument('<folder>', 'config.json, preprocessor_config.json, tokenizer.json, onnx/vision_model.onnx, onnx/text_model.onnx')
    .option('--name <name>', "what to call it (default: the folder's name)")
    .addOption(dtype())
    .option('--json', 'print the result as JSON')
    .action(runImport);
  const list = newCommand('list', 'Show the encoders that were pulled or imported.')
    .option('--json', 'print them as JSON')
    .action(runList);
  const check = newCommand('check', "Compare an encoder's files with their hashes.").argument('<name>').action(runCheck);
  const command = new Command('encoders').description('Get and look after encoders such as CLIP.');
  for (const part of [pull, bring, list, check]) command.addCommand(part);
  return command;
}

async function runPull(repo: string, flags: PullFlags): Promise<void> {
  const { json, ...options } = flags;
  report(await runLong((tools) => pullEncoder(repo, { ...options, ...tools })), json);
}

async function runImport(folder: string, flags: { name?: string; dtype?: EncoderDtype; json?: boolean }): Promise<void> {
  report(await importEncoder(folder, flags), flags.json);
}

function report({ name, folder, picture, text }: HubEncoder, json = false): void {
  const parts = text ? 'pictures and texts' : 'pictures';
  if (json) process.stdout.write(`${JSON.stringify({ name, folder, picture: picture.description, text: text?.description })}\n`);
  else process.stdout.write(`${name}: ${parts}, ${picture.description.size} pixels, in ${folder}\n`);
}

async function runList(flags: { json?: boolean }): Promise<void> {
  const encoders = (await listHubEncoders()).map(({ folder, name, dtype, source, files, text }) => {
    const bytes = Object.values(files).reduce((sum, { size }) => sum + size, 0);
    return { name, dtype, text: text !== undefined, commit: source?.commit, bytes, folder };
  });
  if (flags.json) process.stdout.write(`${JSON.stringify(encoders, undefined, 2)}\n`);
  else if (encoders.length === 0) process.stderr.write('There are none yet: get one with "limn encoders pull".\n');
  else
    for (const { name, dtype, text, commit, bytes } of encoders) {
      const from = commit ? `at ${commit.slice(0, 8)}` : 'imported';
      process.stdout.write(
        `${name.padEnd(36)} ${dtype.padEnd(5)} ${text ? 'pictures+texts' : 'pictures'} ${(bytes / 1e6).toFixed(1)} MB ${from}\n`,
      );
    }
}

async function runCheck(name: string): Promise<void> {
  const encoder = await openHubEncoder(name);
  const problems = await runLong((tools) => checkHubEncoder(encoder.folder, tools));
  if (problems.length === 0) {
    process.stdout.write(`${encoder.name}: every file is as it came\n`);
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
