import { useSession } from '../hooks/use-session.js';
import { partName } from '../state/part-name.js';
import { largestWeight } from '../state/weights.js';

/** Whether there are factors to weigh, and how many are changed. */
export function useFactors() {
  const session = useSession();
  const names = session.gallery?.factors ?? [];
  const changed = session.settings.weights.filter((weight) => weight !== 1).length;
  const shown = names.length > 0 && session.state.results.kind === 'hits';
  return { names, changed, shown, note: changed > 0 ? `${changed} changed` : undefined };
}

/** Sliders that say how much each factor counts; the grid follows. */
export function Factors() {
  const session = useSession();
  const { weights } = session.settings;
  const { names, changed } = useFactors();
  return (
    <>
      <ul class="sliders">
        {names.map((name, factor) => {
          const weight = weights[factor] ?? 1;
          return (
            <li key={factor} onMouseEnter={() => session.highlight(factor)} onMouseLeave={() => session.highlight(undefined)}>
              <label for={`factor-${factor}`}>{partName(name)}</label>
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
        Named after what each part of the model follows most. Its share lights up in the scores under the pictures.{' '}
        {changed > 0 && (
          <button type="button" class="quiet" onClick={() => session.resetWeights()}>
            Reset all
          </button>
        )}
      </p>
    </>
  );
}
