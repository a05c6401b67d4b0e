/** Scores that behave like a model's: what is asked for ranks first, and every factor follows an attribute, with some noise. */
import type { z } from 'zod';
import type * as contract from '../../src/apps/server/contract.js';
import type { MockItem } from './catalogue.js';

type Request = z.infer<typeof contract.search>;
type Hit = z.infer<typeof contract.hit>;

export const factors = ['colour', 'pattern', 'sleeve', 'neckline', 'length', 'kind', 'details', 'factor 8'];
const attributeOf: Record<string, string[]> = {
  details: ['pocket', 'logo', 'belt', 'buttons'],
  'factor 8': ['closure', 'heel', 'cut'],
};

/** Words of texts that mean another value than themselves. */
const synonyms: Record<string, string> = {
  stripes: 'striped',
  dots: 'dotted',
  flowers: 'floral',
  checks: 'checked',
  sleeveless: 'none',
};

function wordsOf(texts: readonly string[]): Set<string> {
  const words = texts.flatMap((text) => text.toLowerCase().split(/[^a-z-]+/));
  return new Set(words.map((word) => synonyms[word] ?? word));
}

/** A number between 0 and 1 that is always the same for the same text. */
function noise(text: string): number {
  let hash = 2166136261;
  for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 16777619);
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}

interface Values {
  value: (attribute: string) => string | undefined;
  /** Told by the text, not only by the reference. */
  asked: (attribute: string) => boolean;
}

function wanted(request: Request, references: readonly MockItem[], catalogue: readonly MockItem[]): Values {
  const words = wordsOf(request.texts);
  const told = new Map<string, string>();
  for (const { garment } of catalogue)
    for (const [name, value] of Object.entries(garment)) if (words.has(value)) told.set(name, value);
  return { value: (name) => told.get(name) ?? references[0]?.garment[name], asked: (name) => told.has(name) };
}

function likeness(item: MockItem, factor: string, values: Values): number {
  const names = attributeOf[factor] ?? [factor];
  const agrees = (name: string) => (values.value(name) === undefined ? 0.5 : Number(item.garment[name] === values.value(name)));
  const agree = names.reduce((sum, name) => sum + agrees(name), 0) / names.length;
  const weight = names.some(values.asked) ? 0.8 : 0.45;
  return 1 - weight + weight * agree - 0.06 * noise(item.id + factor);
}

const alike = (a: MockItem, b: MockItem) =>
  ['kind', 'colour', 'pattern'].filter((name) => a.garment[name] === b.garment[name]).length / 3;

/** All candidates, best first. */
export function rank(request: Request, candidates: readonly MockItem[], catalogue: readonly MockItem[]): Hit[] {
  const byId = new Map(catalogue.map((item) => [item.id, item]));
  const itemsOf = (images: Request['references']) =>
    images.flatMap((image) => ('id' in image ? (byId.get(image.id) ?? []) : [catalogue[3] as MockItem]));
  const references = itemsOf(request.references);
  const negatives = itemsOf(request.negatives);
  const values = wanted(request, references, catalogue);
  const weights = request.weights ?? factors.map(() => 1 / factors.length);
  const excluded = new Set(request.excludeReferences ? request.references.flatMap((one) => ('id' in one ? one.id : [])) : []);
  return candidates
    .filter(({ id }) => !excluded.has(id))
    .map((item) => {
      const likenesses = factors.map((factor) => likeness(item, factor, values));
      const matching = likenesses.reduce((sum, one) => sum + one, 0) / factors.length;
      const shares = likenesses.map((one, at) => 1.1 * one * (weights[at] ?? 0));
      const negative = (request.negativeWeight ?? 0.5) * Math.max(0, ...negatives.map((other) => alike(item, other)));
      const score = matching + shares.reduce((sum, one) => sum + one, 0) - negative;
      return { id: item.id, rank: 1, score, matching, factors: shares, negative, metadata: item.metadata };
    })
    .sort((a, b) => b.score - a.score || (a.id < b.id ? -1 : 1))
    .map((hit, at) => ({ ...hit, rank: at + 1 }));
}

/** Where a factor looks: a soft spot, at another place for each. */
export function heatMap(item: string, factor: number) {
  const [columns, rows] = [14, 14];
  const [x, y] = [0.3 + 0.4 * noise(`${factor} x ${item}`), 0.15 + 0.1 * (factor % 8)];
  const weights = Array.from({ length: columns * rows }, (_, cell) => {
    const [dx, dy] = [((cell % columns) + 0.5) / columns - x, (Math.floor(cell / columns) + 0.5) / rows - y];
    return Math.exp(-(dx * dx + dy * dy) / 0.03) + 0.03;
  });
  const sum = weights.reduce((total, one) => total + one, 0);
  return { columns, rows, weights: weights.map((one) => one / sum) };
}

/** What changes, in words. */
export function difference(from: MockItem, to: MockItem): string {
  const changes = Object.keys(to.garment).filter((name) => from.garment[name] !== to.garment[name]);
  if (changes.length === 0) return 'is the same';
  const said = changes
    .slice(0, 3)
    .map((name) => (name === 'kind' ? `is a ${to.garment.kind}` : `${name} is ${to.garment[name]}`));
  return said.length > 1 ? `${said.slice(0, -1).join(', ')} and ${said.at(-1)}` : String(said[0]);
}
