/** The page of a self-training run: validation over rounds, what was accepted and refused, and examples with their pictures. */
import { join } from 'node:path';
import { writeFileAtomic } from '../../core/files.js';
import { escaped, htmlPage, paperStyle } from '../../core/html.js';
import { formatDuration } from '../../core/progress.js';
import { Random } from '../../core/random.js';
import { thumbnail } from '../../models/encoders/image/thumbnail.js';
import type { DatasetImage } from '../data/triplets.js';
import { reasons } from './judging.js';
import { type PseudoTriplet, readPseudoTriplets } from './pseudo-triplets.js';
import { pairsOf, type RoundResult, type SelfTrainResult } from './rounds.js';
import { chartStyle, validationChart } from './validation-chart.js';
import { pseudoFile } from './work.js';

export interface SelfTrainReportOptions {
  /** The run's folder; the page is its report.html. */
  out: string;
  result: SelfTrainResult;
  /** Where the pictures of the pool lie. */
  images: readonly DatasetImage[];
  /** Of the captions, e.g. where the data came from. */
  about: string;
  /** Accepted ones, and as many refused ones. @default 20 */
  examples?: number;
}

/** Writes the page and returns its path. */
export async function writeSelfTrainReport(options: SelfTrainReportOptions): Promise<string> {
  const { out, result, images, about, examples = 20 } = options;
  const { rounds, best, ended, validation, test } = result;
  const judged = rounds.filter(({ round }) => round > 0);
  const last = rounds.at(-1)?.round ?? 0;
  const records = last === 0 ? [] : await readPseudoTriplets(pseudoFile(out, last), pairsOf(rounds.at(-1) as RoundResult));
  const paths = new Map(images.map(({ id, path }) => [id, path]));
  const shown = async (verdict: PseudoTriplet['verdict']) => {
    const all = records.filter((record) => record.verdict === verdict);
    const chosen = new Random(1).shuffle(all).slice(0, examples);
    const cards: string[] = [];
    for (const record of chosen) cards.push(await card(record, paths));
    return `<h2>${all.length.toLocaleString('en')} ${verdict} texts of round ${last}${all.length > examples ? `, ${examples} of them` : ''}</h2>
<ol class="cards">${cards.join('\n')}</ol>`;
  };
  const why = whyEnded[ended];
  const main = [
    `<h2>Validation over rounds${validation === 'labels' ? '' : ', on held-out pseudo triplets'}</h2>`,
    validationChart(rounds, best),
    roundTable(rounds, best),
    ...(judged.length > 0 ? ['<h2>Judging</h2>', judgingTable(judged), await shown('accepted'), await shown('refused')] : []),
    '<h2>Time</h2>',
    timeTable(rounds),
  ];
  const chosen =
    validation === 'labels'
      ? `Round ${best} is the best on validation`
      : `There are no labels to validate on: ${heldOutNote} The last round, ${best}, is kept`;
  const tested = test ? ` On the test split, measured once: ${recallText(test)}.` : '';
  const html = htmlPage({
    title: 'LIMN+ self-training',
    style: paperStyle + style,
    header: `<p class="about">${escaped(about)}</p><p class="about">${chosen}; it ended because ${why}.${tested}</p>`,
    main: main.join('\n'),
    footer:
      '<p>A rank is that of the intended target among a sample of the pool, a margin the score over that of the same text on other references, or of other texts for the same two images.</p>',
  });
  const path = join(out, 'report.html');
  await writeFileAtomic(path, html);
  return path;
}

const whyEnded = {
  rounds: 'all rounds were done',
  patience: 'validation stopped rising',
  captioner: 'the captioner has no skill',
  time: 'another round would not have ended in time',
};

/** What numbers on held-out pseudo triplets are worth. */
export const heldOutNote =
  'each round chose its epochs on a tenth of its own pseudo triplets, so its recall says how well it learned them, not how well it finds what people ask for.';

export const recallText = (recall: Readonly<Record<string, number>>) =>
  Object.entries(recall)
    .map(([k, percent]) => `R@${k} ${percent.toFixed(2)}`)
    .join(', ');

function roundTable(rounds: readonly RoundResult[], best: number): string {
  const [ks, metrics] = [Object.keys(rounds[0]?.recall ?? {}), Object.keys(rounds[0]?.captions ?? {})];
  const holdsOut = rounds.some(({ heldOut }) => heldOut !== undefined);
  const head = ['round', 'labelled', 'pseudo', ...(holdsOut ? ['held out'] : []), ...ks.map((k) => `R@${k}`), ...metrics];
  const rows = rounds.map(({ round, given, trainedOn, heldOut, recall, captions }) => [
    `${round}${given ? ' (given models)' : ''}${round === best ? ' ★' : ''}`,
    trainedOn.labelled.toLocaleString('en'),
    trainedOn.pseudo.toLocaleString('en'),
    ...(holdsOut ? [(heldOut ?? 0).toLocaleString('en')] : []),
    ...ks.map((k) => (recall[k] as number).toFixed(2)),
    ...metrics.map((name) => (captions[name] as number).toFixed(3)),
  ]);
  return table(head, rows);
}

function judgingTable(rounds: readonly RoundResult[]): string {
  const head = ['round', 'pairs', 'mined', ...reasons];
  const rows = rounds.flatMap(({ round, mined, counts }) =>
    Object.entries(counts).map(([strategy, count]) => [
      String(round),
      strategy,
      (mined[strategy as keyof typeof mined] ?? 0).toLocaleString('en'),
      // Rounds of earlier versions know fewer reasons.
      ...reasons.map((reason) => (count[reason] ?? 0).toLocaleString('en')),
    ]),
  );
  return table(head, rows);
}

function timeTable(rounds: readonly RoundResult[]): string {
  const stages = [...new Set(rounds.flatMap(({ seconds }) => Object.keys(seconds)))];
  const rows = rounds.map(({ round, seconds }) => [
    String(round),
    ...stages.map((stage) => (seconds[stage] === undefined ? '–' : formatDuration(seconds[stage]))),
  ]);
  return table(['round', ...stages], rows);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (tag: string, row: readonly string[]) => row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('');
  return `<div class="wide"><table><thead><tr>${cells('th', head)}</tr></thead><tbody>${rows.map((row) => `<tr>${cells('td', row)}</tr>`).join('')}</tbody></table></div>`;
}

async function card(record: PseudoTriplet, paths: ReadonlyMap<string, string>): Promise<string> {
  const { reference, target, text, rank, margin, textMargin, likelihood, strategy, reason } = record;
  const margins = [
    ...(margin === undefined ? [] : [`margin ${margin.toFixed(2)}`]),
    ...(textMargin === undefined ? [] : [`over other texts ${textMargin.toFixed(2)}`]),
  ];
  const image = async (id: string) => {
    const path = paths.get(id);
    const data = path && (await thumbnail(path, 160));
    return data ? `<img alt="${escaped(id)}" src="${data}">` : `<span class="none">${escaped(id)}</span>`;
  };
  return `<li>${await image(reference)}<div><p class="text">${escaped(text)}</p><p class="facts">${escaped(strategy)} · rank ${rank} · ${[...margins, ''].join(' · ')}likelihood ${likelihood.toFixed(2)}${reason === 'accepted' ? '' : ` · ${reason}`}</p></div>${await image(target)}</li>`;
}

const style = `
.wide{overflow-x:auto}
table{border-collapse:collapse;font-variant-numeric:tabular-nums;font-size:.9rem}
th,td{padding:.4rem .8rem;text-align:right;border-bottom:1px solid color-mix(in srgb,currentColor 15%,transparent)}
th:first-child,td:first-child{text-align:left}
${chartStyle}.cards{list-style:none;padding:0;display:grid;grid-template-columns:repeat(auto-fill,minmax(22rem,1fr));gap:1rem}
.cards li{display:grid;grid-template-columns:5rem 1fr 5rem;gap:.8rem;align-items:center}
.cards img,.cards .none{width:5rem;height:5rem;object-fit:contain;background:#fff;border-radius:.3rem;overflow:hidden;font-size:.7rem}
.cards p{margin:0}.facts{font-size:.75rem;opacity:.7}.text{font-style:italic}
`;
