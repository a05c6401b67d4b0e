import type { Hit } from '../api/types.js';
import { partName } from '../state/part-name.js';

export interface ScoreBarProps {
  hit: Hit;
  /** The length of a full bar: the highest score before negatives, of all that are shown. */
  full: number;
  names: readonly string[];
  highlight: number | undefined;
}

const percent = (part: number, full: number) => `${Math.max(0, (100 * part) / full).toFixed(2)}%`;

/** What a hit earned before negatives were taken off. */
export const earned = ({ matching, factors }: Hit) =>
  Math.max(0, matching) + factors.reduce((sum, share) => sum + Math.max(0, share), 0);

/** A hit's score as a bar: first what matches as a whole, then each factor's share; what negatives cost is hatched at its end. */
export function ScoreBar({ hit, full, names, highlight }: ScoreBarProps) {
  const shares = hit.factors.map((share, factor) => `${partName(names[factor] ?? `factor ${factor + 1}`)} ${share.toFixed(3)}`);
  const cost = hit.negative > 0 ? [`less ${hit.negative.toFixed(3)} for what it is not to be like`] : [];
  const said = [`Score ${hit.score.toFixed(3)}: as a whole ${hit.matching.toFixed(3)}`, ...shares, ...cost].join(', ');
  return (
    <span class="score-bar" role="img" aria-label={said} title={said.replaceAll(', ', '\n').replace(': ', '\n')}>
      <i class="whole" style={{ width: percent(hit.matching, full) }} />
      {hit.factors.map((share, factor) => (
        <i key={factor} class={highlight === factor ? 'share lit' : 'share'} style={{ width: percent(share, full) }} />
      ))}
      {hit.negative > 0 && (
        <i
          class="cost"
          style={{ width: percent(hit.negative, full), marginLeft: `-${percent(Math.min(hit.negative, earned(hit)), full)}` }}
        />
      )}
    </span>
  );
}
