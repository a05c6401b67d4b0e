import { useState } from 'preact/hooks';
import { useSession } from '../hooks/use-session.js';
import { removeNegative, setNegativeWeight, type Turn } from '../state/trail.js';
import { largestNegativeWeight, ownNegativeWeight } from '../state/weights.js';
import { IconButton } from './icon-button.js';
import { ImageView } from './image-view.js';
import { keyOf } from './references.js';

/** What the hits are not to be like, and how much that counts. */
export function Negatives({ turn }: { turn: Turn }) {
  const session = useSession();
  const set = turn.negativeWeight ?? ownNegativeWeight;
  const [pulled, setPulled] = useState<number>();
  const shown = pulled ?? set;
  return (
    <div class="negatives">
      <h2 class="label">Less like</h2>
      <ul aria-label="Less like these">
        {turn.negatives.map((image) => {
          const name = session.nameOf(image);
          return (
            <li key={keyOf(image)}>
              <ImageView image={image} alt={name} />
              <IconButton
                icon="close"
                label={`No longer less like ${name}`}
                onClick={() => session.walk((trail) => removeNegative(trail, image))}
              />
            </li>
          );
        })}
      </ul>
      <label class="strength">
        <span>How much</span>
        <input
          type="range"
          aria-label="How much it counts to be less like these"
          min={0}
          max={largestNegativeWeight}
          step={0.1}
          value={shown}
          aria-valuetext={strengthName(shown)}
          style={{ '--fill': `${(100 * shown) / largestNegativeWeight}%` }}
          onInput={(event) => setPulled(event.currentTarget.valueAsNumber)}
          onChange={(event) => {
            const weight = event.currentTarget.valueAsNumber;
            setPulled(undefined);
            session.walk((trail) => setNegativeWeight(trail, weight), 'quiet');
          }}
        />
        <output>{strengthName(shown)}</output>
      </label>
    </div>
  );
}

function strengthName(weight: number): string {
  if (weight === 0) return 'not at all';
  return weight < 0.4 ? 'a little' : weight < 0.8 ? 'as usual' : 'strongly';
}
