/** Phrases that made readers stop stay retired: in the documentation, and in what the command line prints. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';

/** Retired phrase -> what to write instead. */
const retired: readonly (readonly [RegExp, string])[] = [
  [/asked for and not there/, 'if you request a GPU and none is found, limn fails'],
  [/\bgone on with\b/, 'can be resumed'],
  [/yours to heed/, 'complying with it is up to you'],
  [/\bto the very bits\b/, 'bit-identical'],
  [/\bends? in the same bits\b/, 'bit-identical'],
  [/\bbroken, double or\b/, 'corrupt, duplicated, or present in two splits'],
  [/\bdoes not pay\b|\bpays (only|for)\b/, 'does not help, helps only'],
  [/\bhardly heard\b/, 'have almost no influence'],
  [/\blets? it rest\b/, 'disables it'],
  [/folders are floors/, 'layers'],
  [/when something dies/, 'failure guarantees'],
  [/not argued\b/, 'these guarantees are tested'],
  [/\bgrown fourfold\b/, 'once the gallery has quadrupled'],
  [/galleries that live/i, 'incrementally updated galleries'],
  [/\bsays? (nothing|something) (to a|of) (captioner|labels)\b/, 'is not supported with --task caption, needs labels'],
  [/\bat hand\b/, 'available'],
  [/\bare no time\b/, 'is not a valid time'],
  [/\bin the hands of\b/, 'with'],
  [/\bby heart\b/, 'memorise'],
  [/\bwritten anew\b/, 'rewritten'],
  [/\btrain(s|ed)? anew\b/, 'train again'],
  [/\btake away\b|\btakes? a key away\b/i, 'remove'],
  [/\blook after\b/i, 'check, list, manage'],
  [/\bmend(s|ed)?\b/i, 'fix, correct, repair'],
  [/\bbehind round 0\b/, 'after round 0'],
  [/\bgoes on from there\b|\bgo on from there\b/, 'resumes'],
  [/\bwith commas between them\b/, 'separated by commas'],
  [/\bas it came\b/, 'unchanged'],
];

/** The prose of a page, without code. */
const proseOf = (page: string) => page.replace(/```[\s\S]*?```/g, '').replace(/`[^`\n]*`/g, '');

/** What the source prints: its string and template literals, each as one line. */
function literalsOf(source: string): string {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/^\s*\/\/.*$/gm, '');
  return [...code.matchAll(/'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"|`(?:[^`\\]|\\.)*`/g)].map(([literal]) => literal).join('\n');
}

/** The phrases of a text that are retired, with what to write instead. */
const found = (text: string) =>
  retired.flatMap(([phrase, instead]) => {
    const hit = phrase.exec(text.replace(/\s+/g, ' '));
    return hit ? [`"${hit[0]}": write "${instead}"`] : [];
  });

const below = (folder: string, wanted: (name: string) => boolean) =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(wanted)
    .map((name) => join(folder, name));

it('finds a phrase over the end of a line, and none in code', () => {
  expect(found(proseOf('The run is gone\non with.'))).toHaveLength(1);
  expect(found(proseOf('```\ngone on with\n``` and `gone on with`'))).toEqual([]);
  expect(found(literalsOf("// mend\nconst a = 'mend it';"))).toHaveLength(1);
  expect(found(literalsOf('// mend\nconst mend = 1;'))).toEqual([]);
});

it('the documentation has none of the retired phrases', () => {
  const pages = ['README.md', ...below('docs', (name) => name.endsWith('.md'))];
  expect(pages.length).toBeGreaterThan(20);
  expect(pages.flatMap((page) => found(proseOf(readFileSync(page, 'utf8'))).map((hit) => `${page}: ${hit}`))).toEqual([]);
});

it('the command line prints none of them', () => {
  const sources = below(join('src', 'apps', 'cli'), (name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));
  expect(sources.length).toBeGreaterThan(20);
  expect(sources.flatMap((source) => found(literalsOf(readFileSync(source, 'utf8'))).map((hit) => `${source}: ${hit}`))).toEqual(
    [],
  );
});
