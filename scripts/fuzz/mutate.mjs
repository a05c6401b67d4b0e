/** Changed copies of inputs, the same for the same seed. */

/** A generator of whole numbers below a limit. */
export function seeded(seed) {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

const spicy = [
  '\0',
  '\n',
  '\r\n',
  '\ufeff',
  '"',
  "'",
  '\\',
  '%',
  '../',
  '{',
  '}',
  '[',
  ']',
  '(',
  ')',
  '-1',
  '1e999',
  'NaN',
  'null',
  '__proto__',
  'constructor',
  '\u2028',
  '\ud800',
  '9'.repeat(40),
];

/** What long runs are made of. */
const runs = ' \t\n/\\-#0a"\'({[,;=&.';

const changes = [
  (bytes, below) => {
    const copy = Buffer.from(bytes);
    if (copy.length > 0) copy[below(copy.length)] ^= 1 << below(8);
    return copy;
  },
  (bytes, below) => bytes.subarray(0, below(bytes.length + 1)),
  (bytes, below) => bytes.subarray(below(bytes.length + 1)),
  (bytes, below, other) => {
    const at = below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), other.subarray(below(other.length + 1))]);
  },
  (bytes, below) => {
    const at = below(bytes.length + 1);
    const part = bytes.subarray(at, at + 1 + below(16));
    return Buffer.concat([bytes.subarray(0, at), ...Array.from({ length: 1 + below(30) }, () => part), bytes.subarray(at)]);
  },
  (bytes, below) => {
    const at = below(bytes.length + 1);
    return Buffer.concat([bytes.subarray(0, at), Buffer.from(spicy[below(spicy.length)]), bytes.subarray(at + below(4))]);
  },
  (bytes, below) => {
    const copy = Buffer.from(bytes);
    for (let i = 0, at = below(copy.length + 1); i < 8 && at + i < copy.length; i++) copy[at + i] = [0, 255, 127, 128][below(4)];
    return copy;
  },
];

/** One to four changes of one of the inputs. */
export function mutated(inputs, below) {
  let bytes = inputs[below(inputs.length)];
  for (let left = 1 + below(4); left > 0; left--)
    bytes = changes[below(changes.length)](bytes, below, inputs[below(inputs.length)]);
  return bytes;
}

/** One input with a long run of one or two of its bytes inside: `length` bytes, four and sixteen times as many. */
export function stretched(inputs, below, length) {
  const bytes = inputs[below(inputs.length)];
  const at = below(bytes.length + 1);
  const part =
    bytes.length === 0 || below(3) === 0 ? Buffer.from(runs[below(runs.length)]) : bytes.subarray(at, at + 1 + below(2));
  const of = (size) =>
    Buffer.concat([bytes.subarray(0, at), Buffer.alloc(size, part.length > 0 ? part : ' '), bytes.subarray(at)]);
  return [of(length), of(4 * length), of(16 * length)];
}
