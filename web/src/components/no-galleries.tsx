import { useSession } from '../hooks/use-session.js';
import { ProblemView } from './problem-view.js';

/** Before the galleries are here, where there are none, and where a link asks for one that is not here. */
export function NoGalleries() {
  const session = useSession();
  const { galleries, galleriesProblem, view } = session.state;
  return (
    <main class="alone">
      {galleriesProblem ? (
        <ProblemView heading="h2" problem={galleriesProblem} onRetry={() => session.retry()} />
      ) : galleries && galleries.length > 0 ? (
        <div class="empty" role="alert">
          <h2>There is no gallery “{view.gallery}” here</h2>
          <p>The link may be of another server, or the gallery was renamed. This server has:</p>
          <p class="row">
            {galleries.map(({ name, count }) => (
              <button key={name} type="button" class="button" onClick={() => session.chooseGallery(name)}>
                {name} · {count.toLocaleString('en')}
              </button>
            ))}
          </p>
        </div>
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
