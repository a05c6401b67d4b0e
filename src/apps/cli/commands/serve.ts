/** limn serve */
import type { Command } from 'commander';
import { Option } from 'commander';
import { defaultLimits } from '../../server/limits.js';
import { logLevels } from '../../server/log.js';
import { computingCommand, numberOption, repeatableOption, required } from '../options.js';
import { nameGalleries } from '../served-galleries.js';
import { type ServingFlags, serveUntilTold } from '../serving.js';
import { keysCommand } from './serve-keys.js';

const whole = { least: 1, whole: true };

export function serveCommand(): Command {
  const command = computingCommand('serve', 'Serve galleries over HTTP, with a page to search them.')
    .addOption(repeatableOption('--gallery <name=location>', 'a gallery; without a name it takes the last one of its location'))
    .option('--model <folder>', "the galleries' model, where it is no longer at its old place")
    .addOption(
      repeatableOption(
        '--images <name=folder>',
        "where a gallery's images are, if they moved; with one gallery the folder alone",
      ),
    )
    .option('--show <fields>', 'fields of the metadata that the page shows of each hit, e.g. price,brand,url')
    .option('--captioner <folder>', 'a run of "limn train --task caption": says what changes between two pictures')
    .addOption(numberOption('--port <number>', 'where to listen (default: 7788)', { least: 0, most: 65_535, whole: true }))
    .option(
      '--host <address>',
      'where to listen; other machines reach only other addresses than the default (default: 127.0.0.1)',
    )
    .option(
      '--keys <file>',
      'API keys, made by "limn serve keys add"; without them everybody who reaches the server may do everything',
    )
    .option('--open', 'listen for other machines without keys')
    .addOption(repeatableOption('--cors <origin>', 'an origin whose pages may use the API, e.g. https://shop.example'))
    .option('--allow-urls', 'fetch pictures from URLs that requests give, from public addresses only')
    .addOption(
      numberOption('--proxies <count>', 'your own proxies before the server (default: 0)', { least: 0, most: 10, whole: true }),
    )
    .addOption(
      numberOption(
        '--rate <count>',
        `requests a second of one key or address; 0 for any number (default: ${defaultLimits.rate})`,
        { least: 0 },
      ),
    )
    .addOption(
      numberOption('--burst <count>', `requests at once before the rate counts (default: ${defaultLimits.burst})`, whole),
    )
    .addOption(
      numberOption('--concurrency <count>', `requests that are worked on at once (default: ${defaultLimits.concurrency})`, whole),
    )
    .addOption(
      numberOption('--max-body <bytes>', `of a request (default: ${defaultLimits.bodyBytes})`, { least: 1024, whole: true }),
    )
    .addOption(numberOption('--max-pixels <count>', `of an uploaded picture (default: ${defaultLimits.pixels})`, whole))
    .addOption(
      numberOption(
        '--max-request-pixels <count>',
        `that one request may have decoded; those of baseline JPEG count an eighth (default: ${defaultLimits.requestPixels})`,
        whole,
      ),
    )
    .addOption(
      numberOption(
        '--rate-pixels <count>',
        `decoded pixels that count as one more request; 0 for none (default: ${defaultLimits.ratePixels})`,
        { least: 0, whole: true },
      ),
    )
    .addOption(
      numberOption('--decode-memory <bytes>', `for pictures while they are decoded (default: ${defaultLimits.decodeBytes})`, {
        least: 2 ** 20,
        whole: true,
      }),
    )
    .addOption(numberOption('--decodes <count>', `pictures that are decoded at once (default: ${defaultLimits.decodes})`, whole))
    .addOption(
      numberOption(
        '--caller-decodes <count>',
        `of these for one key or address (default: ${defaultLimits.callerDecodes})`,
        whole,
      ),
    )
    .addOption(
      numberOption('--buffered <bytes>', `of all bodies and pictures in memory (default: ${defaultLimits.bufferedBytes})`, {
        least: 2 ** 20,
        whole: true,
      }),
    )
    .addOption(
      numberOption(
        '--share <part>',
        `of the places and the memory that one key or address may have, 1 for all (default: ${defaultLimits.share})`,
        { least: 0, above: true, most: 1 },
      ),
    )
    .addOption(numberOption('--connections <count>', `at once (default: ${defaultLimits.connections})`, whole))
    .addOption(
      numberOption(
        '--connections-per-address <count>',
        `at once; 0 for any number (default: ${defaultLimits.connectionsPerAddress}, and 0 with --proxies)`,
        { least: 0, whole: true },
      ),
    )
    .addOption(numberOption('--timeout <seconds>', 'for a request (default: 30)', { least: 0, above: true }))
    .addOption(numberOption('--batch <count>', 'searches that are embedded together at most (default: 16)', whole))
    .addOption(numberOption('--batch-wait <milliseconds>', 'how long a search waits for others (default: 3)', { least: 0 }))
    .addOption(numberOption('--shutdown <seconds>', 'to finish what runs when told to end (default: 10)', { least: 0 }))
    .addOption(new Option('--log <level>', 'what to log on stderr (default: info)').choices(logLevels))
    .action(runServe);
  return command.addCommand(keysCommand());
}

async function runServe(flags: ServingFlags & { gallery?: string[] }): Promise<void> {
  const named = nameGalleries(required(flags.gallery, '--gallery', 'serve', 'Make one with "limn index".'));
  await serveUntilTold(named, flags, (url) => process.stdout.write(`limn serve: ${url}\n`));
}
