/**
 * `instanceof` that holds across two copies of the package: a plug-in imports the copy of its own project, and the command line may be
 * another one.
 */

/** Makes `instanceof` true for what the class of this name in any copy has made. A class that extends it is not told apart from it. */
export function markClass(type: abstract new (...given: never[]) => unknown, name: string): void {
  const mark = Symbol.for(`limn.${name}`);
  Object.defineProperty(type.prototype, mark, { value: true });
  Object.defineProperty(type, Symbol.hasInstance, {
    value: (value: unknown) => typeof value === 'object' && value !== null && mark in value,
  });
}
