/**
 * Parts that others can add: methods, stores, datasets, protocols and encoders. What limn ships is defined by the same calls as what a
 * plug-in brings. A definition is a plain object; it is known by its id once it is in the registry of its kind.
 */
import { LimnError } from './errors.js';
import { suggestion } from './suggest.js';

/** What a plug-in may define. */
export type PartKind = 'method' | 'store' | 'dataset' | 'protocol' | 'encoder';

/** The version of the contracts in this package. It goes up when a part written for the one before would no longer work. */
export const partContract = 1;

/** What all definitions of plug-ins have in common. */
export interface Part {
  /** Lower-case letters, digits, "-", "." and "_"; unique among the parts of its kind. */
  readonly id: string;
}

/** Survives two copies of the package, such as a plug-in's own. */
const mark = Symbol.for('limn.part');

interface Mark {
  kind: PartKind;
  contract: number;
}

/**
 * Checks a definition and marks it as a part of its kind.
 *
 * @param functions that it must have
 * @throws LimnError CONFIG for an id that is none, or a function that is missing
 */
export function definePart<T extends Part>(kind: PartKind, part: T, functions: readonly (keyof T & string)[]): T {
  const wrong = (what: string) =>
    new LimnError('CONFIG', `The definition of a ${kind} is not usable: ${what}.`, { details: { kind, id: part?.id } });
  if (typeof part !== 'object' || part === null) throw wrong('it is not an object');
  if (typeof part.id !== 'string' || !/^[a-z0-9][a-z0-9._-]{0,63}$/.test(part.id))
    throw wrong('its "id" must have 1 to 64 lower-case letters, digits, "-", "." or "_"');
  for (const name of functions) {
    if (typeof part[name] !== 'function') throw wrong(`"${part.id}" has no function "${name}"`);
  }
  Object.defineProperty(part, mark, { value: { kind, contract: partContract } satisfies Mark });
  return part;
}

/** Refuses a definition whose plain fields are not of their kind. @throws LimnError CONFIG */
export function requireFields<T extends Part>(
  kind: PartKind,
  part: T,
  fields: Readonly<Partial<Record<keyof T & string, 'text' | 'texts' | 'numbers'>>>,
): void {
  const fits = {
    text: isText,
    texts: (value: unknown) => isList(value, isText, 1),
    numbers: (value: unknown) => isList(value, isCount, 0),
  };
  const wanted = { text: 'a text', texts: 'a list of texts', numbers: 'a list of whole numbers from 1' };
  for (const [name, form] of Object.entries(fields) as [keyof T & string, keyof typeof fits][]) {
    if (fits[form](part[name])) continue;
    const message = `The definition of a ${kind} is not usable: "${name}" of "${part.id}" must be ${wanted[form]}.`;
    throw new LimnError('CONFIG', message, { details: { kind, id: part.id } });
  }
}

const isText = (value: unknown) => typeof value === 'string' && value !== '';
const isCount = (value: unknown) => Number.isSafeInteger(value) && (value as number) > 0;
const isList = (value: unknown, fits: (one: unknown) => boolean, least: number) =>
  Array.isArray(value) && value.length >= least && value.every(fits);

/** What a value was defined as; undefined for a value that no `define...` made. */
export function markOf(value: unknown): Readonly<Mark> | undefined {
  return typeof value === 'object' && value !== null ? (value as { [mark]?: Mark })[mark] : undefined;
}

/** The known parts of one kind, those that limn ships first. */
export class Registry<T extends Part> {
  /** In the order in which they came; plug-ins come behind what is shipped. */
  readonly all: readonly T[];
  private readonly byId = new Map<string, T>();

  constructor(
    readonly kind: PartKind,
    shipped: readonly T[],
  ) {
    this.all = [];
    for (const part of shipped) this.add(part);
  }

  get ids(): string[] {
    return [...this.byId.keys()];
  }

  /** @throws LimnError CONFIG for an id that another part has; the same part twice is no mistake */
  requireFree(part: T): void {
    const taken = this.byId.get(part.id);
    if (taken && taken !== part) {
      const message = `There are two ${this.kind}s with the id "${part.id}": give yours another id.`;
      throw new LimnError('CONFIG', message, { details: { kind: this.kind, id: part.id } });
    }
  }

  /** @throws LimnError CONFIG as {@link requireFree} */
  add(part: T): void {
    this.requireFree(part);
    if (this.byId.has(part.id)) return;
    this.byId.set(part.id, part);
    (this.all as T[]).push(part);
  }

  get(id: string): T | undefined {
    return this.byId.get(id);
  }

  /** @throws LimnError USAGE with the id that was probably meant */
  find(id: string): T {
    const part = this.byId.get(id);
    if (part) return part;
    throw new LimnError('USAGE', `There is no ${this.kind} "${id}". ${suggestion(id, this.ids)}`, {
      details: { id, known: this.ids },
    });
  }
}
