/**
 * limn demo: the whole way in a few minutes, without any data. Draws the wardrobe; trains LIMN, with a page to search with that becomes
 * better with every epoch; trains two models that see one side of the query only; compares them, and writes three example searches.
 */
import { join } from 'node:path';
import type { Command } from 'commander';
import { limnHome, sha256, writeFileAtomic } from '../../../core/files.js';
import { readFashionIQ } from '../../../learning/data/fashioniq.js';
import { generateSyntheticFashion, metadataFile, titlesFile } from '../../../learning/data/synthetic-fashion/generate.js';
import type { Split } from '../../../learning/data/triplets.js';
import type { EvaluationReport } from '../../../learning/eval/evaluate.js';
import type { EpochReport } from '../../../learning/train/train.js';
import { openInBrowser } from '../browser.js';
import { compete } from '../demo/compete.js';
import { searchExamples } from '../demo/example-searches.js';
import {
  addRank,
  followedQuery,
  introduction,
  medianOf,
  type RankHistory,
  rankLine,
  readHistory,
} from '../demo/followed-query.js';
import { LivePage } from '../demo/live-page.js';
import { announcement, contestants, images, recipe, seed, training } from '../demo/recipe.js';
import { asText, type DemoSummary, summaryOf } from '../demo/summary.js';
import { type LongWork, runLong } from '../long-work.js';
import { computingCommand } from '../options.js';
import { servingSettings, untilTold } from '../serving.js';
import { settingOption } from '../setting-option.js';

interface DemoFlags {
  out?: string;
  serve?: boolean;
  port?: number;
  json?: boolean;
}

export function demoCommand(): Command {
  return computingCommand('demo', 'Train, compare, index and search drawn images: no data needed.')
    .option('--out <folder>', 'where everything is kept; finished parts are reused (default: in LIMN_HOME)')
    .option('--serve', 'serve a page to search with from the first epoch on, until Ctrl-C (default: in a terminal)')
    .option('--no-serve', 'serve no page, and exit when everything is done')
    .addOption(settingOption('--port <number>', servingSettings.shape.port, { text: 'where to serve it' }))
    .option('--json', 'print the result as JSON, which is always written to summary.json as well')
    .action(runDemo);
}

/** Whether somebody sits before a terminal and waits. */
const isInteractive = () => Boolean(process.stdin.isTTY && process.stdout.isTTY && !process.env.CI);

async function runDemo(flags: DemoFlags): Promise<void> {
  const out = flags.out ?? limnHome('demo', sha256(recipe).slice(0, 8));
  const serves = flags.serve ?? (isInteractive() && !flags.json);
  const demo = new Demo(out, serves, flags.port);
  try {
    const summary = await runLong((tools) => demo.run(tools));
    // Before anyone hears that all is done, so that the answer to that may be a signal.
    const told = serves ? untilTold() : undefined;
    process.stdout.write(flags.json ? `${JSON.stringify(summary)}\n` : asText(summary));
    if (!told) {
      if (!flags.json) process.stdout.write('Search them yourself: limn demo --serve\n');
      return;
    }
    process.stderr.write(`The page stays at ${demo.url} until Ctrl-C.\n`);
    await told;
  } finally {
    await demo.close();
  }
}

class Demo {
  url = '';
  private page: LivePage | undefined;
  private readonly started = performance.now();
  private searchable: number | undefined;

  constructor(
    private readonly out: string,
    private readonly serves: boolean,
    private readonly port: number | undefined,
  ) {}

  async run(tools: LongWork): Promise<DemoSummary> {
    const { out } = this;
    const say = tools.logger.info;
    say(announcement);
    const step = (number: number, what: string) => say(`${number}/5 ${what}`);
    step(1, `Draw ${images.toLocaleString('en')} garments`);
    const { directory, category } = await generateSyntheticFashion({ directory: join(out, 'wardrobe'), images, seed, ...tools });
    const split = (name: 'train' | 'val') => readFashionIQ({ directory, category, split: name });
    const splits = { train: await split('train'), val: await split('val') };
    const place = {
      images: join(directory, 'images'),
      list: join(directory, metadataFile('val')),
      metadata: join(directory, titlesFile('val')),
      out,
    };
    if (this.serves) this.page = await LivePage.start({ ...place, port: this.port, onOpen: (url) => this.opened(url, say) });

    step(2, `Train LIMN for ${training.epochs} epochs`);
    say(introduction(splits.val));
    const reports: EvaluationReport[] = [];
    const run = { splits, out, tools };
    reports.push(await compete(contestants[0], { ...run, onEpoch: await this.follow(splits.val, tools) }));
    await this.showTrained();
    for (const [i, contestant] of contestants.slice(1).entries()) {
      step(i + 3, `Train a model that sees the ${contestant.query === 'text' ? 'text' : 'image'} alone`);
      reports.push(await compete(contestant, run));
    }
    step(5, 'Search with three queries');
    const { page, gallery } = await searchExamples({ val: splits.val, ...place, tools });
    const { triplet } = followedQuery(splits.val);
    const whole = this.elapsed();
    const summary = summaryOf(reports, {
      followed: { reference: triplet.reference, text: triplet.text, ranks: await readHistory(join(out, 'limn')) },
      seconds: { searchable: this.searchable ?? whole, whole },
      files: { searches: page, gallery, model: join(out, 'limn') },
    });
    await writeFileAtomic(join(out, 'summary.json'), `${JSON.stringify(summary, undefined, 2)}\n`);
    return summary;
  }

  async close(): Promise<void> {
    await this.page?.close();
  }

  /** Says how LIMN does after each epoch, and shows it on the page. */
  private async follow(val: Split, { logger, signal }: LongWork): Promise<(report: EpochReport) => Promise<void>> {
    const folder = join(this.out, 'limn');
    const { index } = followedQuery(val);
    let history: RankHistory = await readHistory(folder);
    return async ({ epoch, epochs, recall, ranks, isBest, model }) => {
      history = await addRank(folder, history, epoch, ranks[index] as number);
      const found = `R@10 ${(recall['10'] ?? 0).toFixed(1)}, median rank ${medianOf(ranks)}`;
      logger.info(`epoch ${epoch} of ${epochs}: ${found}; followed query: ${rankLine(history, val.images.length - 1)}`);
      // An interrupted training goes on to its checkpoint.
      if (isBest && !signal.aborted) await this.page?.show(model, { epoch, epochs });
      this.searchable ??= this.elapsed();
    };
  }

  /** The page of a model that an earlier demo has trained, or the end of the training on the page that is open. */
  private async showTrained(): Promise<void> {
    const { epochs } = training;
    const model = join(this.out, 'limn');
    if (this.page && !this.page.isOpen) await this.page.show(model, { epoch: epochs, epochs });
    this.page?.end();
    this.searchable ??= this.elapsed();
  }

  private opened(url: string, say: (message: string) => void): void {
    this.url = url;
    say(`Search it now: ${url} (its hits become better with every epoch)`);
    openInBrowser(url);
  }

  private elapsed(): number {
    return (performance.now() - this.started) / 1000;
  }
}
