/**
 * Names that an older release had for keys of configs and options. They are still read, in one place: configs, model folders and options
 * pass through {@link presentNames} before anything checks them.
 */

/** The former name of each key, and the name that it has now (docs/glossary.md). */
export const renamedKeys: Readonly<Record<string, string>> = {
  picture: 'image',
  pictures: 'images',
  pictureSize: 'imageSize',
  deviation: 'std',
  localMass: 'localTokenPrior',
  disentangling: 'factorOrthogonality',
  tokensSeen: 'tokenSubsample',
  recompute: 'gradientCheckpointing',
  atOnce: 'atomic',
  withVectors: 'includeVectors',
};

const formerKeys = Object.fromEntries(Object.entries(renamedKeys).map(([former, present]) => [present, former]));

/** The name that a key had; undefined where it had no other. */
export const formerNameOf = (key: string): string | undefined => (Object.hasOwn(formerKeys, key) ? formerKeys[key] : undefined);

type Say = (message: string) => void;

let say: Say = (message) => process.emitWarning(message, 'LimnWarning');
const said = new Set<string>();

/** Where notes of former names go. @default a warning of the process */
export function sayFormerNames(to: Say): void {
  say = to;
}

/** Says once that a name has another one now. */
export function noteFormerName(former: string, present: string): void {
  if (said.has(former)) return;
  said.add(former);
  say(`"${former}" is called "${present}" now; the former name works for one more release.`);
}

const isPlain = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value));

/**
 * A JSON value with the present names for its keys, at any depth. What has none of the former names is given back as it is.
 *
 * Of a key that is there by both of its names the later one counts, as of a JSON key that is there twice.
 *
 * @param onFormer told of each former name. @default nobody: files that an older release wrote are no mistake
 */
export function presentNames<T>(value: T, onFormer?: (former: string, present: string) => void): T {
  return renamed(value, renamedKeys, onFormer) as T;
}

/** The opposite of {@link presentNames}, for hashes that an older release made of the former names. */
export function formerNames<T>(value: T): T {
  return renamed(value, formerKeys) as T;
}

/** Options with the present names for their own keys, whatever their values are; the former ones are noted. */
export function presentOptions<T extends object>(options: T): T {
  if (!Object.keys(options).some((key) => Object.hasOwn(renamedKeys, key))) return options;
  const given = Object.entries(options).map(([key, value]) => [presentKey(key, renamedKeys, noteFormerName), value]);
  return Object.fromEntries(given) as T;
}

/**
 * Lets what is given out be read by a former name of one of its keys, too, with a note. The former name is in no list of its keys, so that
 * nothing that is written or passed on has it.
 */
export function readableAs<T extends object>(value: T, former: string): T {
  const present = renamedKeys[former] as string;
  if (Object.hasOwn(value, former)) return value;
  return Object.defineProperty(value, former, {
    configurable: true,
    get(this: Record<string, unknown>) {
      noteFormerName(former, present);
      return this[present];
    },
  });
}

function renamed(
  value: unknown,
  keys: Readonly<Record<string, string>>,
  onFormer?: (former: string, to: string) => void,
): unknown {
  if (Array.isArray(value)) {
    const items = value.map((item) => renamed(item, keys, onFormer));
    return items.some((item, i) => item !== value[i]) ? items : value;
  }
  if (!isPlain(value)) return value;
  let changed = false;
  const entries = Object.entries(value).map(([key, item]) => {
    const [name, content] = [presentKey(key, keys, onFormer), renamed(item, keys, onFormer)];
    changed ||= name !== key || content !== item;
    return [name, content];
  });
  return changed ? Object.fromEntries(entries) : value;
}

function presentKey(
  key: string,
  keys: Readonly<Record<string, string>>,
  onFormer?: (former: string, to: string) => void,
): string {
  const name = Object.hasOwn(keys, key) ? (keys[key] as string) : key;
  if (name === key) return key;
  onFormer?.(key, name);
  return name;
}
