/**
 * Filters as choices of facets, ranges and words, and as text of the filter language. The builder writes a part of the language, a
 * conjunction with one predicate (or one range) a field, and reads back exactly that part; other filters stay text.
 */
export type FieldValue = string | number | boolean;

export type Choice =
  | { readonly kind: 'values'; readonly values: readonly FieldValue[] }
  /** Other values than these. */
  | { readonly kind: 'except'; readonly values: readonly FieldValue[] }
  /** `above` and `below`: the end itself is not part of the range. */
  | { readonly kind: 'range'; readonly min?: number; readonly max?: number; readonly above?: true; readonly below?: true }
  /** Words that a text has in it. */
  | { readonly kind: 'text'; readonly text: string };

/** By field. */
export type Choices = ReadonlyMap<string, Choice>;

const literal = (value: FieldValue) => (typeof value === 'string' ? `'${value.replaceAll("'", "''")}'` : String(value));

function predicateOf(field: string, choice: Choice): string[] {
  if (choice.kind === 'values') {
    if (choice.values.length === 0) return [];
    if (choice.values.length === 1) return [`${field} = ${literal(choice.values[0] as FieldValue)}`];
    return [`${field} in (${choice.values.map(literal).join(', ')})`];
  }
  if (choice.kind === 'except') return choice.values.map((value) => `${field} != ${literal(value)}`);
  if (choice.kind === 'text') return [`${field} contains ${literal(choice.text)}`];
  const { min, max, above, below } = choice;
  return [
    ...(min === undefined ? [] : [`${field} ${above ? '>' : '>='} ${min}`]),
    ...(max === undefined ? [] : [`${field} ${below ? '<' : '<='} ${max}`]),
  ];
}

/** The choices in the filter language; '' for none. */
export function filterText(choices: Choices): string {
  return [...choices].flatMap(([field, choice]) => predicateOf(field, choice)).join(' and ');
}

/** @returns the choices that a text stands for; undefined where it says more than choices can */
export function readChoices(text: string): Choices | undefined {
  const tokens = tokensOf(text);
  const choices = new Map<string, Choice>();
  if (!tokens) return undefined;
  if (tokens.length === 0) return choices;
  let at = 0;
  const literalAt = (): { value: FieldValue } | undefined => valueOfToken(tokens[at++]);
  for (;;) {
    const field = tokens[at++];
    const sign = tokens[at++]?.toLowerCase();
    if (!field || !sign || !/^[A-Za-z_]\w*$/.test(field)) return undefined;
    if (sign === '=') {
      const found = literalAt();
      if (!found || choices.has(field)) return undefined;
      choices.set(field, { kind: 'values', values: [found.value] });
    } else if (sign === 'in') {
      if (choices.has(field) || tokens[at++] !== '(') return undefined;
      const values: FieldValue[] = [];
      for (;;) {
        const found = literalAt();
        if (!found) return undefined;
        if (!values.includes(found.value)) values.push(found.value);
        const next = tokens[at++];
        if (next === ')') break;
        if (next !== ',') return undefined;
      }
      choices.set(field, { kind: 'values', values });
    } else if (sign === 'contains') {
      const found = literalAt();
      if (typeof found?.value !== 'string' || choices.has(field)) return undefined;
      choices.set(field, { kind: 'text', text: found.value });
    } else if (sign === '!=') {
      const found = literalAt();
      const known = choices.get(field) ?? { kind: 'except' as const, values: [] };
      if (!found || known.kind !== 'except' || known.values.includes(found.value)) return undefined;
      choices.set(field, { ...known, values: [...known.values, found.value] });
    } else if (sign.startsWith('>') || sign.startsWith('<')) {
      const found = literalAt();
      const known = choices.get(field) ?? { kind: 'range' as const };
      const side = sign.startsWith('>') ? 'min' : 'max';
      if (typeof found?.value !== 'number' || known.kind !== 'range' || known[side] !== undefined) return undefined;
      const open = sign === '>' ? { above: true as const } : sign === '<' ? { below: true as const } : {};
      choices.set(field, { ...known, [side]: found.value, ...open });
    } else return undefined;
    if (at >= tokens.length) return choices;
    if (tokens[at++]?.toLowerCase() !== 'and') return undefined;
  }
}

const token = /\s*('(?:[^']|'')*'|[A-Za-z_]\w*|-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?|!=|<=|>=|[<>=(),])/y;

function tokensOf(text: string): string[] | undefined {
  const tokens: string[] = [];
  const whole = text.trim();
  token.lastIndex = 0;
  while (token.lastIndex < whole.length) {
    const found = token.exec(whole)?.[1];
    if (found === undefined) return undefined;
    tokens.push(found);
  }
  return tokens;
}

function valueOfToken(text: string | undefined): { value: FieldValue } | undefined {
  if (text === undefined) return undefined;
  if (text.startsWith("'")) return { value: text.slice(1, -1).replaceAll("''", "'") };
  if (/^(true|false)$/i.test(text)) return { value: text.toLowerCase() === 'true' };
  const value = Number(text);
  return /[\d]/.test(text) && Number.isFinite(value) ? { value } : undefined;
}

/** Chooses a value of a facet, or takes the choice back. */
export function toggleValue(choices: Choices, field: string, value: FieldValue): Choices {
  const known = choices.get(field);
  const values = known?.kind === 'values' ? known.values : [];
  const next = values.includes(value) ? values.filter((other) => other !== value) : [...values, value];
  return changed(choices, field, next.length > 0 ? { kind: 'values', values: next } : undefined);
}

/** Sets or (with undefined) opens one end of a range. */
export function setRange(choices: Choices, field: string, side: 'min' | 'max', value: number | undefined): Choices {
  const known = choices.get(field);
  const { min, max, above, below } = known?.kind === 'range' ? known : {};
  const ends = { min, max, [side]: value };
  // An end that a person sets is part of the range; the other one stays as it was.
  const range = {
    kind: 'range' as const,
    ...(ends.min === undefined ? {} : { min: ends.min, ...(above && side !== 'min' ? { above } : {}) }),
    ...(ends.max === undefined ? {} : { max: ends.max, ...(below && side !== 'max' ? { below } : {}) }),
  };
  return changed(choices, field, ends.min === undefined && ends.max === undefined ? undefined : range);
}

/** Asks for words in a text, or (with '') no longer. */
export function setText(choices: Choices, field: string, text: string): Choices {
  return changed(choices, field, text === '' ? undefined : { kind: 'text', text });
}

/** Takes one value out of those that images must not have. */
export function allowValue(choices: Choices, field: string, value: FieldValue): Choices {
  const known = choices.get(field);
  const values = known?.kind === 'except' ? known.values.filter((other) => other !== value) : [];
  return changed(choices, field, values.length > 0 ? { kind: 'except', values } : undefined);
}

/**
 * A filter together with a further one. What the further one says of a field takes the place of what was said of it, but that values which
 * images must not have become more.
 */
export function addFilter(filter: string, added: string): string {
  const [before, more] = [readChoices(filter), readChoices(added)];
  if (!before || !more) return filter.trim() === '' ? added : filter.includes(added) ? filter : `(${filter}) and ${added}`;
  const all = new Map(before);
  for (const [field, choice] of more) {
    const known = all.get(field);
    if (choice.kind === 'except' && known?.kind === 'except')
      all.set(field, { ...choice, values: [...new Set([...known.values, ...choice.values])] });
    else all.set(field, choice);
  }
  return filterText(all);
}

function changed(choices: Choices, field: string, choice: Choice | undefined): Choices {
  const next = new Map(choices);
  if (choice) next.set(field, choice);
  else next.delete(field);
  return next;
}
