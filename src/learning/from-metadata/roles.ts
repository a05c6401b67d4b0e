/** What a column is about, told from its name: it chooses the words of a change, and how a column is taken that its values leave open. */
import { partOf } from './english/parts.js';

export const roles = [
  'colour',
  'type',
  'gender',
  'usage',
  'pattern',
  'material',
  'brand',
  'size',
  'season',
  'style',
  'fit',
  'sleeve',
  'neckline',
  'length',
  'price',
  'weight',
  'height',
  'width',
  'year',
  'title',
  'product',
  'identifier',
] as const;

export type Role = (typeof roles)[number];

/** Words of column names; of several the last one that is known counts ("product type" is a type, "brand name" a brand). */
const words: Readonly<Record<Role, readonly string[]>> = {
  colour: ['colour', 'color', 'colours', 'colors', 'farbe', 'couleur', 'hue', 'shade'],
  type: ['type', 'category', 'kind', 'class', 'subcategory', 'garment', 'article', 'kategorie', 'typ', 'catégorie'],
  gender: ['gender', 'sex', 'department', 'audience', 'geschlecht', 'genre'],
  usage: ['usage', 'use', 'occasion', 'anlass'],
  pattern: ['pattern', 'print', 'design', 'graphic', 'muster', 'motif'],
  material: ['material', 'fabric', 'fabrics', 'cloth', 'composition', 'stoff', 'matière'],
  brand: ['brand', 'vendor', 'manufacturer', 'maker', 'label', 'designer', 'marke', 'marque'],
  size: ['size', 'sizes', 'größe', 'taille'],
  season: ['season', 'saison', 'collection'],
  style: ['style', 'look', 'stil'],
  fit: ['fit', 'cut', 'silhouette', 'shape'],
  sleeve: ['sleeve', 'sleeves', 'ärmel'],
  neckline: ['neckline', 'neck', 'collar', 'ausschnitt'],
  length: ['length', 'länge', 'longueur'],
  price: ['price', 'cost', 'amount', 'msrp', 'rrp', 'preis', 'prix'],
  weight: ['weight', 'gewicht', 'poids'],
  height: ['height', 'höhe', 'hauteur'],
  width: ['width', 'breite', 'largeur'],
  year: ['year', 'jahr', 'année'],
  title: ['title', 'name', 'description', 'caption', 'headline', 'text', 'titel', 'beschreibung', 'titre', 'keywords'],
  product: ['product', 'parent', 'group', 'model', 'family'],
  identifier: [
    'id',
    'ids',
    'sku',
    'ean',
    'gtin',
    'upc',
    'isbn',
    'asin',
    'code',
    'number',
    'no',
    'url',
    'link',
    'path',
    'file',
    'image',
    'filename',
    'handle',
    'barcode',
  ],
};

const roleOfWord = new Map(roles.flatMap((role) => words[role].map((word): [string, Role] => [word, role])));

/** The words of a column name: "baseColour", "base_colour" and "Base colour" are the same two. */
export function wordsOfName(name: string): string[] {
  const apart = name.replace(/\p{Ll}\p{Lu}/gu, (pair) => `${pair[0]} ${pair[1]}`);
  return apart
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}

/** @returns undefined where the name says nothing that is known */
export function roleOf(name: string): Role | undefined {
  const parts = wordsOfName(name);
  // "heel height" is about heels, and not about how high a product is.
  const part = parts.length > 1 ? partOf(parts) : undefined;
  if (part) return part.role;
  const known = parts.flatMap((word) => roleOfWord.get(word) ?? []);
  const role = known.at(-1);
  // "product id" and "parent sku" say which product it is, as "product" does.
  if (role === 'identifier' && known.includes('product')) return 'product';
  return role;
}

/** The language that a column's name ends in: "title_de", "colour-fr". */
export function languageOf(name: string): string | undefined {
  const parts = wordsOfName(name);
  const last = parts.at(-1) ?? '';
  return parts.length > 1 && languages.has(last) ? last : undefined;
}

/** Codes of ISO 639-1, without those that are words of column names in English ("id", "no", "is", "it" stay in doubt and out). */
const languages = new Set(
  'ar bg bn ca cs da de el en es et fa fi fr he hi hr hu ja ko lt lv nl pl pt ro ru sk sl sr sv th tr uk ur vi zh'.split(' '),
);
