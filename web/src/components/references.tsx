import { useSession } from '../hooks/use-session.js';
import { focusText } from '../hooks/use-shortcuts.js';
import { isText } from '../state/fields.js';
import { type Choices, filterText, readChoices, setText } from '../state/filter.js';
import { currentTurn, limits, type QueryImage, removeReference } from '../state/trail.js';
import { FileButtons } from './file-buttons.js';
import { Icon } from './icon.js';
import { IconButton } from './icon-button.js';
import { ImageView } from './image-view.js';

export const keyOf = (image: QueryImage) => ('id' in image ? `i${image.id}` : `u${image.upload}`);

/** The pictures that are to be changed. A part of each can be chosen. */
export function References({ references }: { references: readonly QueryImage[] }) {
  const session = useSession();
  const several = references.length > 1;
  return (
    <div class={several ? 'references several' : 'references'}>
      <ul aria-label={several ? 'References' : 'Reference'}>
        {references.map((image) => {
          const lost = 'upload' in image && session.uploads.address(image.upload) === undefined;
          const name = session.nameOf(image);
          return (
            <li key={keyOf(image)} class="reference">
              <ImageView image={image} size={several ? 'thumbnail' : 'full'} alt={`Reference: ${name}`} eager />
              <IconButton
                icon="close"
                label={`Remove the reference ${name}`}
                onClick={() => session.walk((trail) => removeReference(trail, image))}
              />
              {lost ? (
                <FileButtons
                  purpose="Add the picture again"
                  compact
                  onFile={(file) => session.upload(file, { instead: image })}
                />
              ) : (
                <IconButton
                  class={image.box ? 'crop-tool on' : 'crop-tool'}
                  icon="crop"
                  label={image.box ? `Choose another part of ${name}` : `Choose a part of ${name}`}
                  onClick={() => session.open({ kind: 'crop', image })}
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

/** Where no picture is: how to begin with one, or go on from a text alone. */
export function NoReference({ hasText }: { hasText: boolean }) {
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
        <span>{hasText ? 'Choose a hit, or add a picture, to change that one.' : 'or choose any of the gallery.'}</span>
      </p>
      <FileButtons purpose="Reference" onFile={taken} />
      {hasText && <SearchNames />}
    </div>
  );
}

/** Text alone may mean words of a title: offers to look there, too. */
function SearchNames() {
  const session = useSession();
  const turn = currentTurn(session.state.view.trail);
  const text = turn?.phrases.findLast(({ held }) => held)?.text;
  const field = session.gallery?.fields.find((one) => isText(one) || /^(title|name|description)$/i.test(one.name));
  const choices: Choices | undefined = readChoices(session.settings.filter);
  if (!field || !choices || text === undefined || choices.has(field.name)) return null;
  return (
    <button type="button" class="quiet" onClick={() => session.setFilter(filterText(setText(choices, field.name, text)))}>
      Only where the {field.name.replaceAll('_', ' ')} has “{text}”
    </button>
  );
}
