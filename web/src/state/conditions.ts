/** The parts of a filter that can be taken away one by one. */
import { allowValue, type Choice, type Choices, type FieldValue, readChoices, setText, toggleValue } from './filter.js';

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
    if (choice.kind === 'except')
      return choice.values.map((value) => ({
        label: `${name}: not ${valueName(value)}`,
        without: allowValue(choices, field, value),
      }));
    if (choice.kind === 'text') return [{ label: `${name} has “${choice.text}”`, without: setText(choices, field, '') }];
    return [{ label: rangeLabel(name, choice), without: withoutField(choices, field) }];
  });
}

/** Each field as a whole: what may be what nothing passes. */
export function fieldConditions(choices: Choices): Condition[] {
  return [...choices].map(([field, choice]) => {
    const alone = conditionsOf(new Map([...choices].filter(([name]) => name === field)));
    return {
      label: alone.map(({ label }) => label).join(choice.kind === 'except' ? ' and ' : ' or '),
      without: withoutField(choices, field),
    };
  });
}

function rangeLabel(name: string, { min, max, above, below }: Extract<Choice, { kind: 'range' }>): string {
  const least = min === undefined ? [] : [`${above ? 'above' : 'at least'} ${min}`];
  const most = max === undefined ? [] : [`${below ? 'below' : 'at most'} ${max}`];
  if (least.length > 0 && most.length > 0 && !above && !below) return `${name} ${min} to ${max}`;
  return `${name} ${[...least, ...most].join(' and ')}`;
}

const withoutField = (choices: Choices, field: string): Choices => new Map([...choices].filter(([name]) => name !== field));

/** A filter for people; in the filter language where it says more than choices can. */
export function filterLabel(filter: string): string {
  const choices = readChoices(filter);
  return choices
    ? fieldConditions(choices)
        .map(({ label }) => label)
        .join(' and ')
    : filter;
}
