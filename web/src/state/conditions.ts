/** The parts of a filter that can be taken away one by one. */
import { type Choices, type FieldValue, setText, toggleValue } from './filter.js';

export interface Condition {
  /** For people: "colour: red", "price at most 50". */
  label: string;
  /** The choices without it. */
  without: Choices;
}

const fieldName = (name: string) => name.replaceAll('_', ' ');
export const valueName = (value: FieldValue) => (value === true ? 'yes' : value === false ? 'no' : String(value));

/** Each value of a field by itself, as each can go alone. */
export function conditionsOf(choices: Choices): Condition[] {
  return [...choices].flatMap(([field, choice]): Condition[] => {
    const name = fieldName(field);
    if (choice.kind === 'values')
      return choice.values.map((value) => ({
        label: `${name}: ${valueName(value)}`,
        without: toggleValue(choices, field, value),
      }));
    if (choice.kind === 'text') return [{ label: `${name} has “${choice.text}”`, without: setText(choices, field, '') }];
    return [{ label: rangeLabel(name, choice), without: withoutField(choices, field) }];
  });
}

/** Each field as a whole: what may be what nothing passes. */
export function fieldConditions(choices: Choices): Condition[] {
  return [...choices.keys()].map((field) => {
    const alone = conditionsOf(new Map([...choices].filter(([name]) => name === field)));
    return { label: alone.map(({ label }) => label).join(' or '), without: withoutField(choices, field) };
  });
}

function rangeLabel(name: string, { min, max }: { min?: number; max?: number }): string {
  if (min !== undefined && max !== undefined) return `${name} ${min} to ${max}`;
  return min !== undefined ? `${name} at least ${min}` : `${name} at most ${max}`;
}

const withoutField = (choices: Choices, field: string): Choices => new Map([...choices].filter(([name]) => name !== field));
