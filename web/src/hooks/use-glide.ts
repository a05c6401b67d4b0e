import type { RefObject } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

/** More pictures than this are not moved one by one. */
const mostMoved = 96;

/**
 * Lets the children of a list glide to where a new order puts them, so that one sees what a slider did.
 * @param order says whether the order is another one
 */
export function useGlide(list: RefObject<HTMLElement | null>, order: string): void {
  const before = useRef(new Map<string, DOMRect>());
  // Places are read again when the order changes.
  useLayoutEffect(() => {
    const children = [...(list.current?.children ?? [])].filter((child) => child instanceof HTMLElement);
    const after = new Map(children.map((child) => [child.dataset.id ?? '', child.getBoundingClientRect()]));
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches || children.length > mostMoved;
    for (const child of still ? [] : children) {
      const id = child.dataset.id ?? '';
      const [from, to] = [before.current.get(id), after.get(id)];
      if (!from || !to || (from.left === to.left && from.top === to.top)) continue;
      const move = `translate(${from.left - to.left}px, ${from.top - to.top}px)`;
      child.animate([{ transform: move }, { transform: 'none' }], { duration: 320, easing: 'cubic-bezier(.2,.7,.2,1)' });
    }
    before.current = after;
  }, [order]);
}
