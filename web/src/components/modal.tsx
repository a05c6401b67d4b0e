import type { ComponentChildren } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { IconButton } from './icon-button.js';

export interface ModalProps {
  title: string;
  class?: string;
  onClose: () => void;
  children: ComponentChildren;
  /** Beside the button that closes. */
  tools?: ComponentChildren;
}

/** A dialog over the page: Escape and a click beside it close it, and the focus goes back to where it was. */
export function Modal({ title, class: extra, onClose, children, tools }: ModalProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) before.focus();
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: Escape does the same, see onCancel
    <dialog
      ref={dialog}
      class={extra ? `modal ${extra}` : 'modal'}
      aria-labelledby="modal-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onClick={(event) => event.target === dialog.current && onClose()}
    >
      <div class="modal-body">
        <div class="modal-head">
          <h2 id="modal-title">{title}</h2>
          {tools}
          <IconButton icon="close" label="Close" onClick={onClose} />
        </div>
        {children}
      </div>
    </dialog>
  );
}
