import { useSession } from '../hooks/use-session.js';
import { focusText } from '../hooks/use-shortcuts.js';
import {
  currentTurn,
  limits,
  type QueryImage,
  removeNegative,
  removePhrase,
  removeReference,
  togglePhrase,
} from '../state/trail.js';
import { Examples } from './examples.js';
import { FileButtons } from './file-buttons.js';
import { Icon } from './icon.js';
import { IconButton } from './icon-button.js';
import { ImageView } from './image-view.js';
import { Say } from './say.js';

/** The query: reference pictures, what to change, and what the hits are not to be like. */
export function Composer() {
  const session = useSession();
  const turn = currentTurn(session.state.view.trail);
  return (
    <section class="composer" aria-label="Search">
      {turn && turn.references.length > 0 ? <References references={turn.references} /> : <NoReference hasText={Boolean(turn)} />}
      <Say />
      {turn && turn.phrases.length > 0 && (
        <ul class="phrases" aria-label="Texts that hold together">
          {turn.phrases.map(({ text, held }, at) => (
            <li key={text} class={held ? 'phrase' : 'phrase resting'}>
              <button
                type="button"
                class="phrase-text"
                aria-pressed={held}
                title={held ? 'Let this text rest' : 'Let this text hold again'}
                onClick={() => session.walk((trail) => togglePhrase(trail, at))}
              >
                {text}
              </button>
              <IconButton
                icon="close"
                label={`Remove “${text}”`}
                onClick={() => session.walk((trail) => removePhrase(trail, at))}
              />
            </li>
          ))}
        </ul>
      )}
      {turn && turn.negatives.length > 0 && (
        <div class="negatives">
          <h2 class="label">Less like</h2>
          <ul aria-label="Less like these">
            {turn.negatives.map((image) => (
              <li key={keyOf(image)}>
                <ImageView image={image} alt={nameOf(image)} />
                <IconButton
                  icon="close"
                  label={`No longer less like ${nameOf(image)}`}
                  onClick={() => session.walk((trail) => removeNegative(trail, image))}
                />
              </li>
            ))}
          </ul>
        </div>
      )}
      <Examples />
    </section>
  );
}

const keyOf = (image: QueryImage) => ('id' in image ? `i${image.id}` : `u${image.upload}`);
const nameOf = (image: QueryImage) => ('id' in image ? image.id : 'your picture');

function References({ references }: { references: readonly QueryImage[] }) {
  const session = useSession();
  return (
    <div class={references.length > 1 ? 'references several' : 'references'}>
      <ul aria-label={references.length > 1 ? 'References' : 'Reference'}>
        {references.map((image) => {
          const lost = 'upload' in image && session.uploads.address(image.upload) === undefined;
          return (
            <li key={keyOf(image)} class="reference">
              <ImageView
                image={image}
                size={references.length > 1 ? 'thumbnail' : 'full'}
                alt={`Reference ${nameOf(image)}`}
                eager
              />
              <IconButton
                icon="close"
                label={`Remove the reference ${nameOf(image)}`}
                onClick={() => session.walk((trail) => removeReference(trail, image))}
              />
              {lost && (
                <FileButtons
                  purpose="Add the picture again"
                  compact
                  onFile={(file) => session.upload(file, { instead: image })}
                />
              )}
            </li>
          );
        })}
      </ul>
      {references.length < limits.references && (
        <div class="reference-more">
          <FileButtons purpose="One more reference" compact onFile={(file) => session.upload(file, 'add')} />
          {references.some((image) => 'upload' in image) && (
            <span class="hint">Your picture stays in this tab; links leave it out.</span>
          )}
        </div>
      )}
    </div>
  );
}

function NoReference({ hasText }: { hasText: boolean }) {
  const session = useSession();
  const taken = (file: File) => {
    void session.upload(file, hasText ? 'add' : 'start').then(focusText);
  };
  return (
    <div class="no-reference">
      <Icon name="upload" />
      <p>
        {hasText ? (
          <strong>Searching by text alone</strong>
        ) : (
          <>
            <strong class="fine-only">Drop or paste a picture</strong>
            <strong class="hand-only">Begin with a picture of yours</strong>
          </>
        )}
        <span>{hasText ? 'Add a picture to change that one.' : 'or choose any of the gallery.'}</span>
      </p>
      <FileButtons purpose="Reference" onFile={taken} />
    </div>
  );
}
