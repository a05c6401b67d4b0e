import { useRef } from 'preact/hooks';
import { Icon } from './icon.js';

export interface FileButtonsProps {
  onFile: (file: File) => void;
  /** Says what the picture is for, to screen readers. */
  purpose: string;
  compact?: boolean;
}

/** Takes a picture from a file, or from the camera where the device is held in the hand. */
export function FileButtons({ onFile, purpose, compact = false }: FileButtonsProps) {
  const file = useRef<HTMLInputElement>(null);
  const camera = useRef<HTMLInputElement>(null);
  const take = (event: { currentTarget: HTMLInputElement }) => {
    const chosen = event.currentTarget.files?.[0];
    event.currentTarget.value = '';
    if (chosen) onFile(chosen);
  };
  const look = compact ? 'button small' : 'button';
  return (
    <span class="file-buttons">
      <button type="button" class={look} onClick={() => file.current?.click()}>
        <Icon name="upload" /> <span>{compact ? 'Add a picture' : 'Choose a file'}</span>
      </button>
      <button type="button" class={`${look} hand-only`} onClick={() => camera.current?.click()}>
        <Icon name="camera" /> <span>Camera</span>
      </button>
      <input ref={file} type="file" accept="image/*" hidden aria-label={`${purpose}: file`} onChange={take} />
      <input
        ref={camera}
        type="file"
        accept="image/*"
        capture="environment"
        hidden
        aria-label={`${purpose}: camera`}
        onChange={take}
      />
    </span>
  );
}
