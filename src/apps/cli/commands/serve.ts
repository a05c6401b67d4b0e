/** limn serve */
import type { Command } from 'commander';
import { batchingSettings } from '../../server/galleries/batcher.js';
import { defaultLimits, serverLimits } from '../../server/guard/limits.js';
import { computingCommand, repeatableOption, required } from '../options.js';
import { nameGalleries } from '../served-galleries.js';
import { type ServingFlags, serveUntilTold, servingSettings } from '../serving.js';
import { settingOption } from '../setting-option.js';
import { keysCommand } from './serve-keys.js';

const limits = serverLimits.shape;
const serving = servingSettings.shape;

export function serveCommand(): Command {
  const command = computingCommand('serve', 'Serve galleries over HTTP, with a page to search them.')
    .addOption(repeatableOption('--gallery <name=location>', 'a gallery; the default name is the last part of its location'))
    .option('--model <folder>', "the galleries' model, if it has moved")
    .addOption(
      repeatableOption(
        '--images <name=folder>',
        "where a gallery's images are, if they have moved; with one gallery, the folder alone is enough",
      ),
    )
    .option('--show <fields>', 'metadata fields that the page shows for each hit, e.g. price,brand,url')
    .option('--captioner <folder>', 'a run of "limn train --task caption", which describes what changes between two images')
    .addOption(settingOption('--port <number>', serving.port))
    .addOption(settingOption('--host <address>', serving.host))
    .option(
      '--keys <file>',
      'API keys, made by "limn serve keys add"; without them, anybody who can reach the server may do everything',
    )
    .option(
      '--keep-choices <folder>',
      'keep which result people choose after which query, for "limn learn --from-clicks"; no images',
    )
    .option('--open', 'serve other machines without keys')
    .addOption(repeatableOption('--cors <origin>', 'an origin whose pages may use the API, e.g. https://shop.example'))
    .option('--allow-urls', 'fetch images from URLs in requests, from public addresses only')
    .addOption(settingOption('--proxies <count>', serving.proxies))
    .addOption(settingOption('--rate <count>', limits.rate))
    .addOption(settingOption('--burst <count>', limits.burst))
    .addOption(settingOption('--concurrency <count>', limits.concurrency))
    .addOption(settingOption('--max-body <bytes>', limits.bodyBytes))
    .addOption(settingOption('--max-pixels <count>', limits.pixels))
    .addOption(settingOption('--max-request-pixels <count>', limits.requestPixels))
    .addOption(settingOption('--rate-pixels <count>', limits.ratePixels))
    .addOption(settingOption('--decode-memory <bytes>', limits.decodeBytes))
    .addOption(settingOption('--decodes <count>', limits.decodes))
    .addOption(settingOption('--caller-decodes <count>', limits.callerDecodes))
    .addOption(settingOption('--buffered <bytes>', limits.bufferedBytes))
    .addOption(settingOption('--share <part>', limits.share))
    .addOption(settingOption('--connections <count>', limits.connections))
    .addOption(
      settingOption('--connections-per-address <count>', limits.connectionsPerAddress, {
        usually: `${defaultLimits.connectionsPerAddress}, and 0 with --proxies`,
      }),
    )
    .addOption(settingOption('--timeout <seconds>', serving.timeout))
    .addOption(settingOption('--batch <count>', batchingSettings.shape.size))
    .addOption(settingOption('--batch-wait <milliseconds>', batchingSettings.shape.waitMilliseconds))
    .addOption(settingOption('--shutdown <seconds>', serving.shutdown))
    .addOption(settingOption('--log <level>', serving.log))
    .action(runServe);
  return command.addCommand(keysCommand());
}

async function runServe(flags: ServingFlags & { gallery?: string[] }): Promise<void> {
  const named = nameGalleries(required(flags.gallery, '--gallery', 'serve', 'Make one with "limn index".'));
  await serveUntilTold(named, flags, (url) => process.stdout.write(`limn serve: ${url}\n`));
}
