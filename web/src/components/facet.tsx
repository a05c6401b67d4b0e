import { useState } from 'preact/hooks';
import { valueName } from '../state/conditions.js';
import type { Facet } from '../state/fields.js';
import { type Choices, type FieldValue, setRange, setText, toggleValue } from '../state/filter.js';
import { DraftInput } from './draft-input.js';

export interface FacetViewProps {
  facet: Facet;
  choices: Choices;
  onChange: (choices: Choices) => void;
}

/** Facets begin with so many values, unless only a few more are left; more can be searched. */
const fewValues = 8;
const fewMore = 3;

export function FacetView(props: FacetViewProps) {
  const { facet } = props;
  if (facet.kind === 'range') return <RangeField {...props} />;
  return facet.kind === 'text' ? <TextField {...props} /> : <ChoiceField {...props} />;
}

const titleOf = ({ name }: Facet) => name.replaceAll('_', ' ');

/** Values to choose from, the most frequent first, each with how many pictures have it. */
function ChoiceField({ facet, choices, onChange }: FacetViewProps) {
  const { name, type, options } = facet;
  const [all, setAll] = useState(false);
  const [words, setWords] = useState('');
  const title = titleOf(facet);
  const yes = [true, false].map((value) => ({ value, count: options.find((option) => option.value === value)?.count }));
  const offered: Facet['options'] = type === 'boolean' ? yes : options;
  const choice = choices.get(name);
  const chosen: readonly FieldValue[] = choice?.kind === 'values' ? choice.values : [];
  // What was chosen stays in sight, whether the gallery lists it or not.
  const extra = chosen.filter((value) => !offered.some((option) => option.value === value));
  const long = offered.length > fewValues + fewMore;
  const wanted = words.trim().toLowerCase();
  const found = offered.filter(({ value }) => !wanted || valueName(value).toLowerCase().includes(wanted));
  const shown = all || !long || wanted ? found : found.filter(({ value }, at) => at < fewValues || chosen.includes(value));
  const hidden = found.length - shown.length;
  return (
    <fieldset class="facet">
      <legend>
        {title}
        {facet.approximate && <span class="count"> · counts are estimates</span>}
      </legend>
      {long && (
        <div class="inputs one">
          <label>
            <input
              type="search"
              value={words}
              placeholder={`Find in ${offered.length}`}
              aria-label={`Find a ${title}`}
              onInput={({ currentTarget: { value } }) => setWords(value)}
            />
          </label>
        </div>
      )}
      <div class="values">
        {[...extra.map((value) => ({ value, count: undefined })), ...shown].map(({ value, count }) => (
          <button
            key={String(value)}
            type="button"
            class="value"
            aria-pressed={chosen.includes(value)}
            onClick={() => onChange(toggleValue(choices, name, value))}
          >
            {valueName(value)}
            {count !== undefined && <span class="count"> {facet.approximate ? about(count) : count.toLocaleString('en')}</span>}
          </button>
        ))}
        {hidden > 0 && (
          <button type="button" class="value more" onClick={() => setAll(true)}>
            {hidden} more
          </button>
        )}
        {wanted && found.length === 0 && (
          <span class="hint">
            No {title} has “{words.trim()}”.
          </span>
        )}
      </div>
    </fieldset>
  );
}

/** "~1,200": an estimate, with the digits that it can have. */
function about(count: number): string {
  const step = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, count))) - 1);
  return `~${(Math.round(count / step) * step).toLocaleString('en')}`;
}

/** Words in the texts of a field. */
function TextField({ facet, choices, onChange }: FacetViewProps) {
  const choice = choices.get(facet.name);
  const title = titleOf(facet);
  return (
    <fieldset class="facet">
      <legend>{title}</legend>
      <div class="inputs one">
        <DraftInput
          label="has"
          type="text"
          value={choice?.kind === 'text' ? choice.text : ''}
          name={`${title} has`}
          onCommit={({ value }) => onChange(setText(choices, facet.name, value.trim()))}
        />
      </div>
    </fieldset>
  );
}

/** The ends of a range of numbers, each open while it is empty. */
function RangeField({ facet, choices, onChange }: FacetViewProps) {
  const { name, values } = facet;
  const title = titleOf(facet);
  const numbers = values.filter((value) => typeof value === 'number');
  const choice = choices.get(name);
  const range = choice?.kind === 'range' ? choice : undefined;
  const ends = [
    { side: 'min', label: 'from', hint: Math.min(...numbers) },
    { side: 'max', label: 'to', hint: Math.max(...numbers) },
  ] as const;
  return (
    <fieldset class="facet">
      <legend>{title}</legend>
      <div class="inputs">
        {ends.map(({ side, label, hint }) => (
          <DraftInput
            key={side}
            label={label}
            type="number"
            placeholder={Number.isFinite(hint) ? String(hint) : ''}
            value={range?.[side] ?? ''}
            name={`${title} ${label}`}
            onCommit={({ value, valueAsNumber }) =>
              onChange(setRange(choices, name, side, value === '' || Number.isNaN(valueAsNumber) ? undefined : valueAsNumber))
            }
          />
        ))}
      </div>
    </fieldset>
  );
}
