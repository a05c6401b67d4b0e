/** Blocks that are lists themselves: of a layer's attention and its MLP, or of a convolution and its norm. */

/**
 * Which items of lists hold the parts of one block and not several blocks: all of them have as many items, the same at each place, and not
 * two alike, for blocks that follow one another in a stage are of one kind.
 *
 * @param blocks by the paths of weights: `layers.0.1` for `layers.0.1.norm.weight`, `layers.0` for `layers.0.1.weight`
 * @returns names of such items, `layers.0`
 */
export function blocksOfParts(blocks: ReadonlyMap<string, string | undefined>): Set<string> {
  const lists = new Map<string, Map<string, Map<string, string[]>>>();
  for (const [path, block] of blocks) {
    const item = block === undefined ? undefined : nestedItem(path, block);
    if (item === undefined) continue;
    const items = lists.get(item.list) ?? new Map<string, Map<string, string[]>>();
    const parts = items.get(item.at) ?? new Map<string, string[]>();
    parts.set(item.part, [...(parts.get(item.part) ?? []), item.rest]);
    lists.set(item.list, items.set(item.at, parts));
  }
  const found = new Set<string>();
  for (const [list, items] of lists) {
    const forms = [...items.values()].map((parts) => [...parts].map(([part, names]) => `${part}: ${names.sort().join()}`).sort());
    const alike = new Set(forms.map((form) => form.join('; '))).size === 1;
    const [first] = items.values();
    if (items.size > 1 && alike && first && haveNothingInCommon([...first.values()]))
      for (const at of items.keys()) found.add(`${list}.${at}`);
  }
  return found;
}

interface Item {
  list: string;
  at: string;
  part: string;
  /** The path inside the part. */
  rest: string;
}

/** `transformer.layers.3.0.norm.weight` is in part 0 of item 3, as its block's name says, or else the path behind it. */
function nestedItem(path: string, block: string): Item | undefined {
  const parts = path.split('.');
  const end = block.split('.').length;
  const isNumber = (i: number) => /^\d+$/.test(parts[i] ?? '');
  const last = isNumber(end - 2) ? end - 1 : end;
  const list = parts.slice(0, last - 1).join('.');
  if (!isNumber(last) || !isNumber(last - 1) || !/(?:block|layer)s?\d*$/.test(list)) return undefined;
  return { list, at: parts[last - 1] as string, part: parts[last] as string, rest: parts.slice(last + 1).join('.') };
}

/** Whether there are several parts, and the first has no name that another has. */
function haveNothingInCommon([first = [], ...others]: string[][]): boolean {
  return others.length > 0 && others.every((names) => !names.some((name) => first.includes(name)));
}
