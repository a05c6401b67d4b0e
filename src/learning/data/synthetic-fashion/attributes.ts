/** What a garment of the wardrobe can be: for every kind the attributes it has and the values each can take. */
import type { Random } from '../../../core/random.js';

const colours = [
  'red',
  'orange',
  'yellow',
  'green',
  'blue',
  'purple',
  'pink',
  'brown',
  'beige',
  'grey',
  'black',
  'white',
] as const;
const patterns = ['plain', 'striped', 'checked', 'dotted', 'floral'] as const;
const either = ['no', 'yes'] as const;

export type Colour = (typeof colours)[number];
export type Pattern = (typeof patterns)[number];
type Attributes = Readonly<Record<string, readonly string[]>>;

/** Attributes of each kind besides kind, colour and pattern. Sizes are listed from short to long. */
export const kinds = {
  't-shirt': { sleeve: ['none', 'short', 'long'], neckline: ['round', 'v'], pocket: either, logo: either },
  shirt: { sleeve: ['short', 'long'], collar: ['pointed', 'band'], pocket: either },
  sweater: { neckline: ['round', 'v', 'high'], logo: either, buttons: either },
  jacket: { length: ['short', 'long'], closure: ['zip', 'buttons'], hood: either, pocket: either },
  dress: {
    length: ['short', 'knee', 'long'],
    sleeve: ['none', 'short', 'long'],
    neckline: ['round', 'v', 'square'],
    belt: either,
  },
  skirt: { length: ['short', 'knee', 'long'], belt: either, buttons: either },
  trousers: { length: ['short', 'cropped', 'long'], cut: ['slim', 'wide'], belt: either },
  sneaker: { shaft: ['low', 'high'], sole: ['white', 'black'], laces: either },
  boot: { shaft: ['ankle', 'knee'], heel: ['flat', 'high'], laces: either },
  bag: { carry: ['handles', 'strap'], buckle: either, pocket: either },
} as const satisfies Record<string, Attributes>;

export type Kind = keyof typeof kinds;

/** Everything that can be said about a garment; which further attributes it has depends on its kind, see {@link kinds}. */
export type Garment = { readonly kind: Kind; readonly colour: Colour; readonly pattern: Pattern } & Readonly<
  Record<string, string>
>;

/** One attribute that differs between two garments. */
export interface GarmentChange {
  readonly attribute: string;
  readonly from: string;
  readonly to: string;
}

/** The attributes of a kind with their values, kind itself left out. */
export function attributesOf(kind: Kind): Attributes {
  return { colour: colours, pattern: patterns, ...kinds[kind] };
}

/** How many different garments there are. */
export function countGarments(): number {
  const product = (kind: Kind) => Object.values(attributesOf(kind)).reduce((count, values) => count * values.length, 1);
  return (Object.keys(kinds) as Kind[]).reduce((count, kind) => count + product(kind), 0);
}

/** Equal exactly for garments of equal attributes. */
export function keyOf(garment: Garment): string {
  return [garment.kind, ...Object.keys(attributesOf(garment.kind)).map((name) => garment[name])].join(' ');
}

/** The differences of two garments of one kind, in the order of the kind's attributes. */
export function changesBetween(from: Garment, to: Garment): GarmentChange[] {
  return Object.keys(attributesOf(from.kind))
    .filter((name) => from[name] !== to[name])
    .map((attribute) => ({ attribute, from: from[attribute] as string, to: to[attribute] as string }));
}

/** A garment of a kind drawn evenly over its values; nearly half are plain, as in a shop. */
export function randomGarment(kind: Kind, random: Random): Garment {
  const drawn = Object.entries(attributesOf(kind)).map(([name, values]) => [name, random.pick(values)]);
  const garment = { kind, ...Object.fromEntries(drawn) } as Garment;
  return random.uniform() < 0.35 ? { ...garment, pattern: 'plain' } : garment;
}

/** A copy with `count` attributes changed, kind kept. */
export function changeGarment(garment: Garment, count: number, random: Random): Garment {
  const attributes = attributesOf(garment.kind);
  const changed = random.shuffle(Object.keys(attributes)).slice(0, count);
  const values = changed.map((name) => [name, random.pick(attributes[name]!.filter((value) => value !== garment[name]))]);
  return { ...garment, ...Object.fromEntries(values) } as Garment;
}

/** A garment of the given kind that keeps colour, pattern and every attribute value that both kinds know. */
export function changeKind(garment: Garment, kind: Kind, random: Random): Garment {
  const entries = Object.entries(attributesOf(kind)).map(([name, values]) => {
    const kept = garment[name];
    return [name, kept !== undefined && values.includes(kept) ? kept : random.pick(values)];
  });
  return { kind, ...Object.fromEntries(entries) } as Garment;
}
