import { useEffect, useState } from 'preact/hooks';
import { useSession } from '../hooks/use-session.js';
import { useWork } from '../hooks/use-work.js';
import { titleOf } from '../state/title.js';
import { addNegative, addReference, currentTurn, goOnFrom, type QueryImage } from '../state/trail.js';
import { reasonIn } from '../state/words.js';
import { CompareFactors } from './compare-factors.js';
import { CompareFigure } from './compare-figure.js';
import { Icon } from './icon.js';
import { IconButton } from './icon-button.js';
import { MetadataTable } from './metadata-table.js';
import { Modal } from './modal.js';

/** A hit beside the reference: where each factor looks in both, what it earned, what changed, and what is known of them. */
export function Compare({ id }: { id: string }) {
  const session = useSession();
  const { results, view } = session.state;
  const { gallery } = session;
  const [factor, setFactor] = useState<number>();
  const at = results.entries.findIndex((entry) => entry.id === id);
  const entry = results.entries[at];
  const turn = currentTurn(view.trail);
  const reference = turn?.references[0];
  const explanation = useWork((signal) => session.explain(id, signal), id);
  const caption = useWork((signal) => session.caption(id, signal), id);
  const referenceId = reference && 'id' in reference ? reference.id : undefined;
  const known = useWork(
    async (signal) => (referenceId === undefined ? undefined : session.item(referenceId, signal)),
    referenceId ?? '',
  );
  const step = (by: number) => {
    const next = results.entries[at + by];
    if (next) session.open({ kind: 'compare', id: next.id });
  };
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.target instanceof HTMLInputElement) return;
      if (event.key === 'ArrowLeft') step(-1);
      else if (event.key === 'ArrowRight') step(1);
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  const close = () => session.open(undefined);
  const use = (walk: typeof goOnFrom) => {
    close();
    session.walk((trail) => walk(trail, { id } as QueryImage));
  };
  const goOn = () => {
    session.choose(id);
    use(goOnFrom);
  };
  const thisIsIt = () => {
    session.choose(id);
    close();
    session.notify('Thank you: the shop keeps this choice.');
  };
  const maps = factor === undefined ? undefined : explanation.value?.factors[factor];
  const reason = reasonIn(
    turn?.phrases.filter((phrase) => phrase.held).map(({ text }) => text) ?? [],
    known.value?.metadata,
    entry?.metadata ?? {},
    gallery?.fields ?? [],
  );
  const held = turn?.phrases.filter((phrase) => phrase.held) ?? [];
  const tools = (
    <>
      <IconButton icon="back" label="The hit before" onClick={() => step(-1)} />
      <IconButton icon="forward" label="The next hit" onClick={() => step(1)} />
    </>
  );
  return (
    <Modal title={entry?.hit ? `Why number ${entry.hit.rank}?` : 'Why this one?'} class="compare" tools={tools} onClose={close}>
      <div class="compare-columns">
        <div class="compare-side">
          <div class={reference ? 'compare-pictures' : 'compare-pictures single'}>
            {reference && <CompareFigure image={reference} name="Reference" map={maps?.reference} />}
            <CompareFigure image={{ id }} name={titleOf(id, entry?.metadata)} map={maps?.hit} />
          </div>
          <MetadataTable reference={known.value?.metadata} hit={entry?.metadata ?? {}} />
        </div>
        <div class="compare-side">
          <div class="compare-words">
            {reason && (
              <p class="reason">
                {reason.charAt(0).toUpperCase()}
                {reason.slice(1)}.
              </p>
            )}
            {held.length > 0 && (
              <p>
                <span class="label">Asked for</span> <q>{held.map(({ text }) => text).join(', ')}</q>
              </p>
            )}
            {gallery?.captions && reference && (
              <p role="status">
                <span class="label">What changed</span>{' '}
                {caption.value ? (
                  <q>{caption.value.text}</q>
                ) : (
                  <span class="hint">{caption.problem?.message ?? 'looking …'}</span>
                )}
              </p>
            )}
          </div>
          <CompareFactors explanation={explanation} entries={results.entries} factor={factor} onFactor={setFactor} />
          <div class="row">
            {gallery?.keepsChoices && entry?.hit && (
              <button type="button" class="button" onClick={thisIsIt}>
                This is it
              </button>
            )}
            <button type="button" class="button primary" onClick={goOn}>
              Go on from this
            </button>
            <button type="button" class="button" aria-label="More like this" onClick={() => use(addReference)}>
              <Icon name="plus" /> More
            </button>
            <button type="button" class="button" aria-label="Less like this" onClick={() => use(addNegative)}>
              <Icon name="minus" /> Less
            </button>
          </div>
        </div>
      </div>
    </Modal>
  );
}
