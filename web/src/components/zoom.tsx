import { useEffect, useRef, useState } from 'preact/hooks';
import { useSession } from '../hooks/use-session.js';
import type { QueryImage } from '../state/trail.js';
import { IconButton } from './icon-button.js';
import { ImageView } from './image-view.js';
import { Modal } from './modal.js';

/** How much larger than the window a picture is after a click. */
const factor = 2.5;

/** A picture as large as there is room; a click looks closer at that place, and the arrows go through the grid. */
export function Zoom({ image }: { image: QueryImage }) {
  const session = useSession();
  const { entries } = session.state.results;
  const [ratio, setRatio] = useState(1);
  const [close, setClose] = useState(false);
  const frame = useRef<HTMLDivElement>(null);
  const at = 'id' in image ? entries.findIndex(({ id }) => id === image.id) : -1;
  const step = (by: number) => {
    const next = entries[at + by];
    if (at >= 0 && next) session.open({ kind: 'zoom', image: { id: next.id } });
  };
  const end = () => session.open(undefined);
  useEffect(() => setClose(false), [image]);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'ArrowLeft') step(-1);
      else if (event.key === 'ArrowRight') step(1);
      else if (event.key === ' ' && !(event.target instanceof HTMLElement && event.target.closest('button'))) {
        event.preventDefault();
        end();
      }
    };
    addEventListener('keydown', onKey);
    return () => removeEventListener('keydown', onKey);
  });
  const look = (event: MouseEvent) => {
    const box = frame.current?.getBoundingClientRect();
    setClose(!close);
    if (!box || close) return;
    const [x, y] = [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
    // Behind the drawing, when it is as large as it will be.
    requestAnimationFrame(() => {
      const { current } = frame;
      current?.scrollTo({ left: x * (factor - 1) * box.width, top: y * (factor - 1) * box.height });
    });
  };
  const tools = at >= 0 && (
    <>
      <IconButton icon="back" label="The picture before" onClick={() => step(-1)} />
      <IconButton icon="forward" label="The next picture" onClick={() => step(1)} />
    </>
  );
  const name = session.nameOf(image);
  return (
    <Modal title={name} class="zoom" tools={tools} onClose={end}>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keys */}
      <section class="zoom-frame" ref={frame} tabIndex={0} aria-label={name} style={{ '--ratio': ratio }}>
        {/* biome-ignore lint/a11y/useKeyWithClickEvents: the browser's own zoom does the same */}
        {/* biome-ignore lint/a11y/noStaticElementInteractions: a click anywhere in the picture */}
        <div class={close ? 'zoom-picture close' : 'zoom-picture'} onClick={look}>
          <ImageView image={image} size="full" alt={name} eager whole fitting onRatio={setRatio} />
        </div>
      </section>
    </Modal>
  );
}
