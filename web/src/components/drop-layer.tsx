import { useEffect, useState } from 'preact/hooks';
import { useSession } from '../hooks/use-session.js';
import { focusText } from '../hooks/use-shortcuts.js';
import { addReference, currentTurn, startFrom } from '../state/trail.js';

/** Under which a picture of the grid is dragged. */
export const imageType = 'application/x-limn-picture';

/** Takes pictures that are dropped anywhere or pasted. While one is dragged, it shows where it can go. */
export function DropLayer() {
  const session = useSession();
  const [dragged, setDragged] = useState(false);
  useEffect(() => {
    const carries = (event: DragEvent) =>
      event.dataTransfer?.types.some((type) => type === 'Files' || type === imageType) ?? false;
    const onDrag = (event: DragEvent) => {
      if (!carries(event)) return;
      event.preventDefault();
      setDragged(true);
    };
    const onLeave = (event: DragEvent) => event.relatedTarget === null && setDragged(false);
    const onEnd = () => setDragged(false);
    const onDrop = (event: DragEvent) => {
      setDragged(false);
      const target = event.target instanceof HTMLElement ? event.target.closest<HTMLElement>('[data-drop]') : null;
      if (carries(event)) event.preventDefault();
      if (!target || !event.dataTransfer) return;
      const use = target.dataset.drop === 'add' ? 'add' : 'start';
      const id = event.dataTransfer.getData(imageType);
      const [file] = event.dataTransfer.files;
      if (id) session.walk((trail) => (use === 'start' ? startFrom(trail, { id }) : addReference(trail, { id })));
      else if (file) void session.upload(file, use).then(focusText);
    };
    const onPaste = (event: ClipboardEvent) => {
      const file = [...(event.clipboardData?.files ?? [])].find(({ type }) => type.startsWith('image/'));
      if (!file) return;
      event.preventDefault();
      void session.upload(file, 'start').then(focusText);
    };
    const events = { dragenter: onDrag, dragover: onDrag, dragleave: onLeave, dragend: onEnd, drop: onDrop, paste: onPaste };
    const entries = Object.entries(events) as [string, EventListener][];
    for (const [name, listener] of entries) addEventListener(name, listener);
    return () => {
      for (const [name, listener] of entries) removeEventListener(name, listener);
    };
  }, [session]);
  if (!dragged) return null;
  return (
    <div class="drop-layer" aria-hidden="true">
      <div class="drop-target" data-drop="start">
        Start from this picture
      </div>
      {currentTurn(session.state.view.trail) && (
        <div class="drop-target" data-drop="add">
          Add it to the references
        </div>
      )}
    </div>
  );
}
