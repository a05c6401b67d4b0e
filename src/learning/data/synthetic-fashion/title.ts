/** What a shop would call a garment: "Short sleeveless red striped dress". */
import type { Garment } from './attributes.js';

/** Attributes that stand before the colour, in this order. */
const adjectives: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  length: { short: 'short', knee: 'knee-length', cropped: 'cropped', long: 'long' },
  shaft: { low: 'low-top', high: 'high-top', ankle: 'ankle-high', knee: 'knee-high' },
  sleeve: { none: 'sleeveless', short: 'short-sleeved', long: 'long-sleeved' },
  cut: { slim: 'slim', wide: 'wide' },
};

export function titleOf(garment: Garment): string {
  const before = Object.entries(adjectives).flatMap(([name, words]) => words[garment[name] ?? ''] ?? []);
  const pattern = garment.pattern === 'plain' ? [] : [garment.pattern];
  const title = [...before, garment.colour, ...pattern, garment.kind].join(' ');
  return `${title.charAt(0).toUpperCase()}${title.slice(1)}`;
}
