/** The mock's pictures: drawn garments with what a shop would know of them. */
import sharp from 'sharp';
import { Random } from '../../src/core/random.js';
import type { Garment } from '../../src/learning/data/synthetic-fashion/attributes.js';
import { growCatalogue } from '../../src/learning/data/synthetic-fashion/catalogue.js';
import { drawGarment } from '../../src/learning/data/synthetic-fashion/draw.js';

export interface MockItem {
  id: string;
  garment: Garment;
  metadata: Record<string, string | number | boolean | null>;
}

const brands = ['Alder', 'Fjord', "Mary's", 'Norrland', 'Ostra'];

export function makeCatalogue(count: number, seed: number): MockItem[] {
  const random = Random.derive(seed, 'mock catalogue');
  return growCatalogue(count, random).map((garment, at) => {
    const price = 15 + random.below(140);
    const { kind, colour, pattern } = garment;
    const brand = random.pick(brands);
    const metadata = { kind, colour, pattern, brand, price, on_sale: random.uniform() < 0.25, sleeve: garment.sleeve ?? null };
    return { id: `${kind}/${String(at + 1).padStart(3, '0')}.jpg`, garment, metadata };
  });
}

const drawn = new Map<string, Promise<Buffer>>();

/** @returns a JPEG */
export function drawItem({ id, garment }: MockItem, size: number): Promise<Buffer> {
  const name = `${id} ${size}`;
  const known = drawn.get(name);
  if (known) return known;
  const svg = drawGarment(garment, size, Random.derive(7, id));
  const image = sharp(Buffer.from(svg)).removeAlpha().jpeg({ quality: 88 }).toBuffer();
  drawn.set(name, image);
  return image;
}
