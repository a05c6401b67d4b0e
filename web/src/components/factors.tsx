import { useSession } from '../hooks/use-session.js';
import { largestWeight } from '../state/weights.js';
import { Section } from './section.js';

/** Sliders that say how much each factor counts; the grid follows. */
export function Factors() {
  const session = useSession();
  const { weights } = session.settings;
  const names = session.gallery?.factors ?? [];
  if (names.length === 0 || session.state.results.kind === 'items') return null;
  const changed = weights.filter((weight) => weight !== 1).length;
  return (
    <Section title="What counts" note={changed > 0 ? `${changed} changed` : undefined}>
      <ul class="sliders">
        {names.map((name, factor) => {
          const weight = weights[factor] ?? 1;
          return (
            <li key={factor} onMouseEnter={() => session.highlight(factor)} onMouseLeave={() => session.highlight(undefined)}>
              <label for={`factor-${factor}`}>{name}</label>
              <output for={`factor-${factor}`} class={weight === 1 ? undefined : 'changed'}>
                {weight === 0 ? 'off' : `${Number(weight.toFixed(1))}×`}
              </output>
              <input
                id={`factor-${factor}`}
                type="range"
                min={0}
                max={largestWeight}
                step={0.1}
                value={weight}
                aria-valuetext={weight === 0 ? 'off' : `${weight} times`}
                style={{ '--fill': `${(100 * weight) / largestWeight}%` }}
                onInput={(event) => session.setWeight(factor, event.currentTarget.valueAsNumber)}
                onFocus={() => session.highlight(factor)}
                onBlur={() => session.highlight(undefined)}
              />
            </li>
          );
        })}
      </ul>
      <p class="hint">
        Named after what each factor follows most. Its share lights up in every score.{' '}
        {changed > 0 && (
          <button type="button" class="quiet" onClick={() => session.resetWeights()}>
            Reset all
          </button>
        )}
      </p>
    </Section>
  );
}
