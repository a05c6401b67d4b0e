/** English words for values that have an order, and how a higher or a lower one is called: "short" < "knee" < "long", so "longer". */

export type Dimension = 'length' | 'height' | 'width' | 'size' | 'shade' | 'thickness';

interface Scale {
  /** From the lowest to the highest; words of one line are not compared. */
  readonly order: readonly string[];
  /** Comparatives, the usual one first. */
  readonly more: readonly string[];
  readonly less: readonly string[];
}

const scales: Readonly<Record<Dimension, Scale>> = {
  length: {
    order: [
      'micro',
      'mini|short|cap|half',
      'cropped|crop|thigh|elbow',
      'medium|regular|knee|midi|three quarter|3/4',
      'calf',
      'long|full|ankle|maxi|floor',
    ],
    more: ['longer'],
    less: ['shorter'],
  },
  height: {
    order: ['flat', 'low', 'medium|mid|regular|ankle', 'calf', 'high|tall|knee', 'thigh'],
    more: ['higher'],
    less: ['lower'],
  },
  width: {
    order: [
      'skinny|tight',
      'slim|narrow|fitted|tapered',
      'regular|straight|standard|medium',
      'relaxed|loose|wide|flared',
      'oversized|extra wide',
    ],
    more: ['wider'],
    less: ['narrower', 'slimmer'],
  },
  size: {
    order: ['tiny|mini|extra small', 'small', 'medium|regular', 'large|big', 'huge|oversized|extra large'],
    more: ['bigger', 'larger'],
    less: ['smaller'],
  },
  shade: { order: ['white', 'pale|light|bright', 'medium|mid', 'dark|deep', 'black'], more: ['darker'], less: ['lighter'] },
  thickness: { order: ['thin|fine|slim', 'medium|regular', 'thick|chunky|heavy'], more: ['thicker'], less: ['thinner'] },
};

/** Parts of the body that lengths and heights are told by. */
export const bodyParts: ReadonlySet<string> = new Set('thigh knee calf ankle hip waist elbow wrist floor'.split(' '));

const dimensions = Object.keys(scales) as Dimension[];
const ranks = new Map(
  dimensions.map((dimension) => {
    const lines = scales[dimension].order.map((line) => line.split('|'));
    return [dimension, new Map(lines.flatMap((words, rank) => words.map((word): [string, number] => [word, rank])))];
  }),
);

/** A value without what only says how it is meant: "knee length" and "knee-length" are "knee", "low-top" is "low". */
export const bare = (value: string) => value.replaceAll('-', ' ').replace(/ (length|high|height|top|fit|cut|sized|size)$/, '');

/**
 * Comparatives for a value that becomes another, where both have a place in one order.
 *
 * @param expected the order that the attribute is about, where that is known; it goes before others
 */
export function comparatives(from: string, to: string, expected: Dimension | undefined): readonly string[] {
  const order = expected === undefined ? dimensions : [expected, ...dimensions.filter((other) => other !== expected)];
  for (const dimension of order) {
    const [one, other] = [from, to].map((value) => ranks.get(dimension)?.get(bare(value)));
    if (one !== undefined && other !== undefined && one !== other) return scales[dimension][other > one ? 'more' : 'less'];
  }
  return [];
}

/** Whether a value is a word for how long, high, wide, large, dark or thick something is, and not a part of the body. */
export const isMeasure = (value: string) =>
  !bodyParts.has(bare(value)) && [...ranks.values()].some((rank) => rank.has(bare(value)));

/** Comparatives of numbers. */
export const comparativesOf = (dimension: Dimension, how: 'more' | 'less') => scales[dimension][how];
