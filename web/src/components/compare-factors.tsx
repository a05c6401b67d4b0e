import type { Explanation } from '../api/types.js';
import type { Work } from '../hooks/use-work.js';
import type { Entry } from '../state/reducer.js';
import { ProblemView } from './problem-view.js';

export interface CompareFactorsProps {
  explanation: Work<Explanation>;
  /** All that are shown: what is usual. */
  entries: readonly Entry[];
  factor: number | undefined;
  onFactor: (factor: number | undefined) => void;
}

/** Each factor's share beside what is usual among the hits; choosing one shows where it looks. */
export function CompareFactors({ explanation, entries, factor, onFactor }: CompareFactorsProps) {
  const { value, problem, again } = explanation;
  if (problem) return <ProblemView problem={problem} onRetry={again} />;
  if (!value) return <div class="compare-factors skeleton" aria-hidden="true" />;
  const hits = entries.flatMap(({ hit }) => (hit ? [hit] : []));
  const usual = (at: number) => hits.reduce((sum, hit) => sum + (hit.factors[at] ?? 0), 0) / Math.max(1, hits.length);
  const most = Math.max(...value.factors.map(({ share }, at) => Math.max(share, usual(at))), Number.EPSILON);
  const { hit } = value;
  return (
    <div class="compare-factors">
      <p class="sum">
        <b>{hit.score.toFixed(3)}</b> = {hit.matching.toFixed(3)} as a whole +{' '}
        {(hit.score - hit.matching + hit.negative).toFixed(3)} from factors
        {hit.negative > 0 ? ` − ${hit.negative.toFixed(3)} for what it is not to be like` : ''}
      </p>
      {value.factors.length > 0 && (
        <>
          <ul>
            {value.factors.map(({ name, share }, at) => (
              <li key={name + String(at)}>
                <button type="button" aria-pressed={factor === at} onClick={() => onFactor(factor === at ? undefined : at)}>
                  <span class="name">{name}</span>
                  <span class="bar">
                    <i style={{ width: `${Math.max(0, (100 * share) / most)}%` }} />
                    <s style={{ left: `${Math.max(0, (100 * usual(at)) / most)}%` }} />
                  </span>
                  <span class="number">{share.toFixed(3)}</span>
                </button>
              </li>
            ))}
          </ul>
          <p class="hint">
            {factor === undefined
              ? 'Choose a factor to see where it looks. The mark is what the hits have on average.'
              : 'Bright is where this factor looks in each picture.'}
          </p>
        </>
      )}
    </div>
  );
}
