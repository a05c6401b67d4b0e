import { useSession } from '../hooks/use-session.js';
import { currentTurn } from '../state/trail.js';
import { Negatives } from './negatives.js';
import { Phrases } from './phrases.js';
import { NoReference, References } from './references.js';
import { Say } from './say.js';

/** The query: reference pictures, what to change, and what the hits are not to be like. */
export function Composer() {
  const session = useSession();
  const turn = currentTurn(session.state.view.trail);
  return (
    <section class="composer" aria-label="Search">
      {turn && turn.references.length > 0 ? <References references={turn.references} /> : <NoReference hasText={Boolean(turn)} />}
      <Say />
      {turn && turn.phrases.length > 0 && <Phrases turn={turn} />}
      {turn && turn.negatives.length > 0 && <Negatives turn={turn} />}
    </section>
  );
}
