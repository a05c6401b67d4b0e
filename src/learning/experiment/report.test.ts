/** Reports on made-up results. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../core/random.js';
import { parseExperiment } from './config.js';
import { asMarkdown, writeSection } from './markdown.js';
import { hitsOf, metricOf } from './metrics.js';
import { experimentPage } from './page/page.js';
import { planRuns } from './plan.js';
import { decodeRanks, encodeRanks, type RunResult } from './result.js';
import { summarize } from './summary.js';

let work: string;
beforeAll(async () => {
  work = await mkdtemp(join(tmpdir(), 'limn-report-'));
});
afterAll(() => rm(work, { recursive: true }));

/** Results with these ranks by run id. */
function summaryOf(ranks: Record<string, number[]>, changes: object = {}) {
  const experiment = parseExperiment(
    {
      name: 'canned',
      title: 'Canned <results>',
      dataset: { format: 'fashioniq', directory: '.', category: ['dress', 'shirt'] },
      images: { encoder: 'patch' },
      protocol: 'fashioniq-val',
      methods: [
        { id: 'limn', label: 'LIMN' },
        { id: 'tirg', label: 'TIRG | gated' },
      ],
      seeds: [1, 2],
      metrics: ['R@1', 'R@10'],
      ...changes,
    },
    join(work, 'e.json'),
  );
  const runs = planRuns(experiment, work);
  const results = new Map<string, RunResult>();
  for (const [id, list] of Object.entries(ranks)) {
    const run = runs.find((one) => one.id === id)!;
    results.set(id, {
      format: 'limn-result-1',
      hash: { settings: run.hash, data: String(run.category) },
      method: run.method.id,
      ...(run.category === undefined ? {} : { category: run.category }),
      seed: run.seed,
      protocol: 'fashioniq-val',
      split: 'val',
      queries: list.length,
      gallery: 40,
      missing: 0,
      metrics: {},
      ranks: encodeRanks(list),
      examples: [],
      parameters: 1000,
      training: { seconds: 60 * run.seed, epoch: 1, steps: 1 },
      model: { hash: '', encoder: 'patch-64-8-2' },
      versions: { limn: '0.1.0', node: '20.0.0', onnxruntime: '1.30.0' },
      machine: { cpu: 'A & B', cores: 2 },
      date: `2026-01-0${run.seed}T00:00:00.000Z`,
      command: '',
    });
  }
  return summarize({ experiment, runs, results, command: 'limn experiment run e.json', resamples: 500 });
}

const four = {
  'limn/dress/seed-1': [1, 1, 12, 30],
  'limn/dress/seed-2': [1, 5, 12, 30],
  'limn/shirt/seed-1': [1, 40],
  'limn/shirt/seed-2': [1, 2],
  'tirg/dress/seed-1': [2, 12, 12, 30],
  'tirg/shirt/seed-1': [40, 40],
};

describe('numbers', () => {
  test('means, deviations, averages of categories and differences, worked by hand', () => {
    const { tables, unfinished } = summaryOf(four);
    expect(tables.map(({ name, queries }) => [name, queries])).toEqual([
      ['average', 6],
      ['dress', 4],
      ['shirt', 2],
    ]);
    const [average, dress] = tables;
    expect(dress!.rows[0]!.metrics['R@1']).toMatchObject({ mean: 37.5, perSeed: [50, 25], deviation: Math.sqrt(312.5) });
    // Average of the categories: seed 1 (50 + 50) / 2, seed 2 (25 + 50) / 2.
    expect(average!.rows[0]!.metrics['R@1']).toMatchObject({ perSeed: [50, 37.5], mean: 43.75 });
    expect(average!.rows[0]!.seconds).toBe(180);
    // TIRG, one seed: (25 + 0) / 2 = 12.5 of R@10, LIMN's ((50 + 50) / 2 + (50 + 100) / 2) / 2 = 62.5.
    expect(average!.rows[1]).toMatchObject({ method: 'tirg', seeds: [1] });
    expect(average!.rows[1]!.metrics['R@10']).toMatchObject({ mean: 12.5, difference: { mean: -50 } });
    expect(average!.rows[1]!.metrics['R@10']).not.toHaveProperty('deviation');
    const [low, high] = average!.rows[1]!.metrics['R@10']!.difference!.interval;
    expect(low).toBeLessThan(-50);
    expect(high).toBeGreaterThan(-50);
    expect(high).toBeLessThanOrEqual(0);
    expect(average!.rows[0]!.curve.mean).toHaveLength(40);
    expect(unfinished).toEqual(['tirg/dress/seed-2', 'tirg/shirt/seed-2']);
  });

  test('metrics are means of hits', () => {
    const ranks = { ranks: [1, 6, 3, 80], subsetRanks: [2, 1, 1, 3] };
    expect([...hitsOf('mean(R@1, R@5)', ranks)]).toEqual([100, 0, 50, 0]);
    expect(metricOf('Rsubset@1', ranks)).toBe(50);
    // R@5 is 50, Rsubset@1 is 50.
    expect(metricOf('average', ranks)).toBe(50);
    expect([...hitsOf('average', ranks)]).toEqual([50, 50, 100, 0]);
  });

  test('ranks survive being stored', () => {
    const ranks = [1, 65536, 4294967295, 7];
    expect(decodeRanks(encodeRanks(ranks))).toEqual(ranks);
  });

  test('results of different data are not compared', () => {
    const uneven = { ...four, 'tirg/dress/seed-1': [2, 12, 12] };
    expect(() => summaryOf(uneven)).toThrow('limn/dress/seed-1 and tirg/dress/seed-1 were measured on different data');
  });
});

describe('the page', () => {
  test('is well-formed, and has no number that is none', () => {
    const many = Object.fromEntries(
      ['limn', 'tirg'].flatMap((method) =>
        ['dress', 'shirt'].flatMap((category) =>
          [1, 2].map((seed) => {
            const random = Random.derive(seed, method + category);
            return [`${method}/${category}/seed-${seed}`, Array.from({ length: 30 }, () => 1 + random.below(39))];
          }),
        ),
      ),
    );
    for (const ranks of [many, four, { 'limn/dress/seed-1': [1, 1] }, {}]) {
      const page = experimentPage(summaryOf(ranks), [{ heading: 'Rankings', rankings: '<p>shown</p>' }]);
      expect(page).not.toMatch(/NaN|Infinity|undefined|\[object/);
      expect(page).toContain('Canned &lt;results&gt;');
      expect(unclosed(page)).toEqual([]);
      expect(page).not.toMatch(/(src|href)=/);
    }
  });

  test('warns of caption proxies', () => {
    const proxy = summaryOf({ 'limn/dress/seed-1': [1, 3] }, { images: { captions: 'c.json' } });
    const warning = 'caption-proxy: BLIP-2 captions stand in for the pictures; never compare with published numbers';
    expect(experimentPage(proxy)).toContain(warning);
    expect(asMarkdown(proxy)).toContain(`**${warning}**`);
    expect(asMarkdown(summaryOf(four))).not.toContain('caption-proxy');
  });
});

test('the Markdown table has one row a method and escapes its cells', () => {
  const markdown = asMarkdown(summaryOf(four));
  const [, dress] = markdown.split('### dress: 4 queries, gallery of 40');
  const rows = dress!.split('\n').filter((line) => line.startsWith('|'));
  expect(rows[0]).toBe('| method | parameters | training | R@1 | R@10 | R@1 − LIMN | R@10 − LIMN |');
  expect(rows[2]).toMatch(/^\| LIMN \| 1,000 \| 1 min 30 s \| 37\.50 ± 17\.68 \[\d+\.\d\d, \d+\.\d\d\] \|.*\| – \| – \|$/);
  expect(rows[3]).toMatch(/^\| TIRG \\\| gated \(1 of 2 seeds\) \|/);
  expect(markdown).toContain('2026-01-01 to 2026-01-02, A & B, 2 cores');
});

describe('a section of a Markdown file', () => {
  const [start, end] = ['<!-- experiment:a -->', '<!-- /experiment:a -->'];
  const write = async (before: string | undefined) => {
    const path = join(work, 'docs.md');
    await rm(path, { force: true });
    if (before !== undefined) await writeFile(path, before);
    await writeSection(path, 'a', 'new\n');
    return readFile(path, 'utf8');
  };

  test('is made, appended, or replaced, and nothing else changes', async () => {
    expect(await write(undefined)).toBe(`${start}\nnew\n${end}\n`);
    expect(await write('# Top\n')).toBe(`# Top\n\n${start}\nnew\n${end}\n`);
    expect(await write(`# Top $&\n${start}\nold\n${end}\n<!-- experiment:ab -->\n`)).toBe(
      `# Top $&\n${start}\nnew\n${end}\n<!-- experiment:ab -->\n`,
    );
  });

  test('with one marker missing is an error, and the file stays', async () => {
    await expect(write(`${start}\nold`)).rejects.toThrow(`has only one of the markers ${start} and ${end}`);
    await expect(write(`${end}\n${start}`)).rejects.toThrow('in the wrong order');
    expect(await readFile(join(work, 'docs.md'), 'utf8')).toBe(`${end}\n${start}`);
  });
});

/** Names of elements that are closed wrongly or not at all. */
function unclosed(html: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const tags = html.replace(/<style>.*?<\/style>/s, '').matchAll(/<(\/?)([a-z][a-z0-9]*)\b[^>]*?(\/?)>/g);
  for (const [, closes, name = '', alone] of tags) {
    if (alone || ['meta', 'img'].includes(name)) continue;
    if (!closes) open.push(name);
    else if (open.pop() !== name) wrong.push(name);
  }
  return [...wrong, ...open];
}
