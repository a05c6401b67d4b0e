import { useSession } from '../hooks/use-session.js';
import { ProblemView } from './problem-view.js';

/** Before the galleries are here, and where there are none. */
export function NoGalleries() {
  const session = useSession();
  const { galleries, galleriesProblem } = session.state;
  return (
    <main class="alone">
      {galleriesProblem ? (
        <ProblemView problem={galleriesProblem} onRetry={() => session.retry()} />
      ) : galleries ? (
        <div class="empty">
          <h2>No gallery yet</h2>
          <p>Make one from a folder of pictures, and this page will show it:</p>
          <pre>
            <code>limn index --model RUN --images my-pictures --out my-gallery</code>
          </pre>
          <button type="button" class="button" onClick={() => session.reload()}>
            Look again
          </button>
        </div>
      ) : (
        <p class="hint" role="status">
          Loading …
        </p>
      )}
    </main>
  );
}
