import { useRef, useState } from 'preact/hooks';
import { useSession } from '../hooks/use-session.js';
import { type Box, type QueryImage, setBox } from '../state/trail.js';
import { ImageView } from './image-view.js';
import { Modal } from './modal.js';

/** The smallest part, and a step of the arrow keys, in parts of the picture. */
const least = 0.05;
const nudge = 0.02;

const thousandths = (value: number) => Math.round(1000 * value) / 1000;
const clamp = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value));

/** The box between two points, inside the picture. */
function between(a: { x: number; y: number }, b: { x: number; y: number }): Box {
  const [left, top] = [Math.min(a.x, b.x), Math.min(a.y, b.y)].map((value) => thousandths(clamp(value, 0, 1 - least))) as [
    number,
    number,
  ];
  const [right, bottom] = [Math.max(a.x, b.x), Math.max(a.y, b.y)].map((value) => thousandths(clamp(value, 0, 1))) as [
    number,
    number,
  ];
  return { left, top, width: thousandths(Math.max(least, right - left)), height: thousandths(Math.max(least, bottom - top)) };
}

function moved({ left, top, width, height }: Box, x: number, y: number): Box {
  return { left: thousandths(clamp(left + x, 0, 1 - width)), top: thousandths(clamp(top + y, 0, 1 - height)), width, height };
}

function resized({ left, top, width, height }: Box, x: number, y: number): Box {
  return {
    left,
    top,
    width: thousandths(clamp(width + x, least, 1 - left)),
    height: thousandths(clamp(height + y, least, 1 - top)),
  };
}

const middle: Box = { left: 0.2, top: 0.2, width: 0.6, height: 0.6 };

/** Takes a part of a reference, by dragging a box over it or by keys. */
export function Crop({ image }: { image: QueryImage }) {
  const session = useSession();
  const [ratio, setRatio] = useState(1);
  const [box, setPart] = useState<Box>(image.box ?? middle);
  const frame = useRef<HTMLDivElement>(null);
  const dragged = useRef<{ from: { x: number; y: number }; whole: Box | undefined }>(undefined);
  const close = () => session.open(undefined);
  const use = (part: Box | undefined) => {
    close();
    session.walk((trail) => setBox(trail, image, part), 'quiet');
  };
  const place = (event: PointerEvent) => {
    const bounds = frame.current?.getBoundingClientRect();
    if (!bounds) return { x: 0, y: 0 };
    return { x: (event.clientX - bounds.left) / bounds.width, y: (event.clientY - bounds.top) / bounds.height };
  };
  const begin = (event: PointerEvent) => {
    event.preventDefault();
    const inside = event.target instanceof HTMLElement && event.target.closest('.crop-box');
    dragged.current = { from: place(event), whole: inside ? box : undefined };
    frame.current?.setPointerCapture(event.pointerId);
  };
  const pull = (event: PointerEvent) => {
    const start = dragged.current;
    if (!start) return;
    const { x, y } = place(event);
    setPart(start.whole ? moved(start.whole, x - start.from.x, y - start.from.y) : between(start.from, { x, y }));
  };
  const end = () => {
    dragged.current = undefined;
  };
  const onKey = (event: KeyboardEvent) => {
    const steps: Record<string, [number, number]> = {
      ArrowLeft: [-nudge, 0],
      ArrowRight: [nudge, 0],
      ArrowUp: [0, -nudge],
      ArrowDown: [0, nudge],
    };
    if (event.key === 'Enter') return use(box);
    const step = steps[event.key];
    if (!step) return;
    event.preventDefault();
    setPart((event.shiftKey ? resized : moved)(box, ...step));
  };
  const percent = (value: number) => `${100 * value}%`;
  const said = `${Math.round(100 * box.width)} by ${Math.round(100 * box.height)} % of the picture, ${Math.round(100 * box.left)} % from the left, ${Math.round(100 * box.top)} % from the top`;
  return (
    <Modal title="Which part?" class="crop" onClose={close}>
      <p class="hint">Drag a box over what you mean. With keys: arrows move it, Shift and arrows change its size.</p>
      <div
        ref={frame}
        class="crop-frame"
        style={{ '--ratio': ratio }}
        onPointerDown={begin}
        onPointerMove={pull}
        onPointerUp={end}
        onPointerCancel={end}
      >
        <ImageView image={image} size="full" alt={session.nameOf(image)} eager whole fitting onRatio={setRatio} />
        <button
          type="button"
          class="crop-box"
          aria-label="The part that is meant"
          aria-description={said}
          style={{ left: percent(box.left), top: percent(box.top), width: percent(box.width), height: percent(box.height) }}
          onKeyDown={onKey}
        />
      </div>
      <div class="row crop-foot">
        <button type="button" class="button primary" onClick={() => use(box)}>
          Search with this part
        </button>
        <button type="button" class="button" onClick={() => use(undefined)}>
          All of it
        </button>
      </div>
    </Modal>
  );
}
