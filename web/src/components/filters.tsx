import { useEffect, useState } from 'preact/hooks';
import type { Field } from '../api/types.js';
import { useSession } from '../hooks/use-session.js';
import { type Choices, type FieldValue, filterText, readChoices, setRange, setText, toggleValue } from '../state/filter.js';
import { Section } from './section.js';

/** Facets and ranges of the gallery's fields, and the filter that they make as text. */
export function Filters() {
  const session = useSession();
  const { filter } = session.settings;
  const fields =
    session.gallery?.fields.filter((field) => field.values.length > 0 || field.type === 'boolean' || isText(field)) ?? [];
  const choices = readChoices(filter);
  if (fields.length === 0) return null;
  const set = (next: Choices) => session.setFilter(filterText(next));
  const note = choices ? (choices.size > 0 ? `${choices.size} set` : undefined) : 'by hand';
  return (
    <Section title="Filters" note={note}>
      {!choices && (
        <p class="hint">This filter was written by hand and says more than the buttons can show. Choosing one begins anew.</p>
      )}
      {fields.map((field) => (
        <FieldView key={field.name} field={field} choices={choices ?? new Map()} onChange={set} />
      ))}
      <FilterText filter={filter} onChange={(text) => session.setFilter(text)} />
    </Section>
  );
}

interface FieldViewProps {
  field: Field;
  choices: Choices;
  onChange: (choices: Choices) => void;
}

/** Texts that are this long on average are searched for words: nobody picks them from a list. */
const longText = 22;

function isText({ type, values }: Field): boolean {
  const length = values.reduce((sum: number, value) => sum + String(value).length, 0);
  return type === 'string' && length >= longText * values.length;
}

/** Facets begin with so many values, unless only a few more are left. */
const fewValues = 12;
const fewMore = 3;

function FieldView({ field, choices, onChange }: FieldViewProps) {
  const { name, type, values } = field;
  const [all, setAll] = useState(false);
  const title = name.replaceAll('_', ' ');
  if (type === 'number') return <RangeField name={name} title={title} values={values} choices={choices} onChange={onChange} />;
  if (isText(field)) return <TextField name={name} title={title} choices={choices} onChange={onChange} />;
  const offered: readonly FieldValue[] = type === 'boolean' ? [true, false] : values;
  const choice = choices.get(name);
  const chosen = choice?.kind === 'values' ? choice.values : [];
  // What was chosen stays in sight, whether the gallery lists it or not.
  const extra = chosen.filter((value) => !offered.includes(value));
  const whole = all || offered.length <= fewValues + fewMore;
  const shown = whole ? offered : offered.filter((value, at) => at < fewValues || chosen.includes(value));
  const hidden = offered.length - shown.length;
  return (
    <fieldset class="facet">
      <legend>{title}</legend>
      <div class="values">
        {[...extra, ...shown].map((value) => (
          <button
            key={String(value)}
            type="button"
            class="value"
            aria-pressed={chosen.includes(value)}
            onClick={() => onChange(toggleValue(choices, name, value))}
          >
            {value === true ? 'yes' : value === false ? 'no' : String(value)}
          </button>
        ))}
        {hidden > 0 && (
          <button type="button" class="value more" onClick={() => setAll(true)}>
            {hidden} more
          </button>
        )}
      </div>
    </fieldset>
  );
}

/** Words in the texts of a field. */
function TextField({ name, title, choices, onChange }: Omit<RangeFieldProps, 'values'>) {
  const choice = choices.get(name);
  return (
    <fieldset class="facet">
      <legend>{title}</legend>
      <div class="inputs one">
        <label>
          <span>has</span>
          <input
            type="text"
            maxLength={200}
            value={choice?.kind === 'text' ? choice.text : ''}
            aria-label={`${title} has`}
            onChange={({ currentTarget: { value } }) => onChange(setText(choices, name, value.trim()))}
          />
        </label>
      </div>
    </fieldset>
  );
}

interface RangeFieldProps {
  name: string;
  title: string;
  values: readonly FieldValue[];
  choices: Choices;
  onChange: (choices: Choices) => void;
}

function RangeField({ name, title, values, choices, onChange }: RangeFieldProps) {
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
          <label key={side}>
            <span>{label}</span>
            <input
              type="number"
              step="any"
              inputMode="decimal"
              placeholder={Number.isFinite(hint) ? String(hint) : ''}
              value={range?.[side] ?? ''}
              aria-label={`${title} ${label}`}
              onChange={({ currentTarget: { value, valueAsNumber } }) =>
                onChange(setRange(choices, name, side, value === '' || Number.isNaN(valueAsNumber) ? undefined : valueAsNumber))
              }
            />
          </label>
        ))}
      </div>
    </fieldset>
  );
}

/** The filter as the server reads it. */
function FilterText({ filter, onChange }: { filter: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(filter);
  useEffect(() => setText(filter), [filter]);
  return (
    <form
      class="filter-text"
      onSubmit={(event) => {
        event.preventDefault();
        onChange(text.trim());
      }}
    >
      <label for="filter">As text</label>
      <textarea
        id="filter"
        rows={2}
        spellcheck={false}
        autocapitalize="off"
        maxLength={2000}
        placeholder="colour = 'red' and price < 50"
        value={text}
        onInput={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key === 'Escape') setText(filter);
          if (event.key !== 'Enter' || event.shiftKey) return;
          event.preventDefault();
          onChange(text.trim());
        }}
      />
      <span class="row">
        {filter && (
          <button type="button" class="quiet" onClick={() => onChange('')}>
            Clear filters
          </button>
        )}
        {text.trim() !== filter && (
          <button type="submit" class="button small">
            Apply
          </button>
        )}
      </span>
    </form>
  );
}
