import { Icon, type IconName } from './icon.js';

export interface IconButtonProps {
  icon: IconName;
  label: string;
  onClick: (event: MouseEvent) => void;
  pressed?: boolean;
  class?: string;
  tabIndex?: number;
}

/** A button that shows an icon, and says its label to screen readers and on hovering. */
export function IconButton({ icon, label, onClick, pressed, class: extra, tabIndex }: IconButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button${extra ? ` ${extra}` : ''}`}
      aria-label={label}
      title={label}
      aria-pressed={pressed}
      tabIndex={tabIndex}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}
