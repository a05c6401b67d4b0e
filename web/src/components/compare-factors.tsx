import type { Explanation, Hit } from '../api/types.js';
import type { Work } from '../hooks/use-work.js';
import { partName } from '../state/part-name.js';
import type { Entry } from '../state/reducer.js';
import { ProblemView } from './problem-view.js';

export interface CompareFactorsProps {
  explanation: Work<Explanation>;
  /** All that are shown: what is usual. */
  entries: readonly Entry[];
  factor: number | undefined;
  onFactor: (factor: number | undefined) => void;
}

/** How much more or less than the average hit each part of the model gives this one; choosing one shows where it looks. */
export function CompareFactors({ explanation, entries, factor, onFactor }: CompareFactorsProps) {
  const { value, problem, again } = explanation;
  if (problem) return <ProblemView problem={problem} onRetry={again} />;
  if (!value) return <div class="compare-factors skeleton" aria-hidden="true" />;
  const hits = entries.flatMap(({ hit }) => (hit ? [hit] : []));
  const average = (read: (hit: Hit) => number) => hits.reduce((sum, hit) => sum + read(hit), 0) / Math.max(1, hits.length);
  const { hit } = value;
  const rows = value.factors.map(({ name, share }, at) => ({
    at,
    name: partName(name),
    share,
    more: share - average((one) => one.factors[at] ?? 0),
  }));
  const whole = hit.matching - average((one) => one.matching);
  const most = Math.max(...rows.map(({ more }) => Math.abs(more)), Math.abs(whole), 0.002);
  return (
    <div class="compare-factors">
      <p class="sum">
        <b>{hit.score.toFixed(3)}</b> = {hit.matching.toFixed(3)} as a whole +{' '}
        {(hit.score - hit.matching + hit.negative).toFixed(3)} from its parts
        {hit.negative > 0 ? ` − ${hit.negative.toFixed(3)} for what it is not to be like` : ''}
      </p>
      {rows.length > 0 && (
        <>
          <p class="label">Beside the average hit</p>
          <ul>
            <li class="whole">
              <span class="name">as a whole</span>
              <Difference value={whole} most={most} />
            </li>
            {rows
              .sort((a, b) => b.more - a.more)
              .map(({ at, name, share, more }) => (
                <li key={name + String(at)}>
                  <button
                    type="button"
                    aria-pressed={factor === at}
                    title={`${name}: ${share.toFixed(3)} of the score`}
                    onClick={() => onFactor(factor === at ? undefined : at)}
                  >
                    <span class="name">{name}</span>
                    <Difference value={more} most={most} />
                  </button>
                </li>
              ))}
          </ul>
          <p class="hint">
            {factor === undefined
              ? 'To the right is more than the hits have on average. Choose a part to see where it looks.'
              : 'Bright is where this part looks in each picture.'}
          </p>
        </>
      )}
    </div>
  );
}

/** To the right of the middle what is more, to the left what is less. */
function Difference({ value, most }: { value: number; most: number }) {
  const length = `${Math.min(50, (50 * Math.abs(value)) / most).toFixed(2)}%`;
  return (
    <>
      <span class="bar">
        <i
          class={value < 0 ? 'less' : 'more'}
          style={value < 0 ? { right: '50%', width: length } : { left: '50%', width: length }}
        />
      </span>
      <span class="number">
        {value < 0 ? '−' : '+'}
        {Math.abs(value).toFixed(3)}
      </span>
    </>
  );
}
