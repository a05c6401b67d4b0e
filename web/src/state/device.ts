/** What the page remembers on this device: the key for as long as the tab, the theme for longer. */

const keyName = 'limn key';
const themeName = 'limn theme';

export type Theme = 'system' | 'light' | 'dark';

/** Storage may be switched off; then nothing is remembered. */
function quietly<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch {
    return undefined;
  }
}

let key = quietly(() => sessionStorage.getItem(keyName)) ?? undefined;

export const readKey = (): string | undefined => key;

export function keepKey(value: string | undefined): void {
  key = value;
  quietly(() => (value === undefined ? sessionStorage.removeItem(keyName) : sessionStorage.setItem(keyName, value)));
}

const dismissedName = 'limn dismissed filters';
/** More are forgotten, the oldest first. */
const mostDismissed = 200;

/** Suggested filters that were taken away in this tab. */
export function readDismissed(): ReadonlySet<string> {
  const found: unknown = quietly(() => JSON.parse(sessionStorage.getItem(dismissedName) ?? '[]'));
  return new Set(Array.isArray(found) ? found.filter((one) => typeof one === 'string') : []);
}

export function keepDismissed(dismissed: ReadonlySet<string>): void {
  quietly(() => sessionStorage.setItem(dismissedName, JSON.stringify([...dismissed].slice(-mostDismissed))));
}

export function readTheme(): Theme {
  const found = quietly(() => localStorage.getItem(themeName));
  return found === 'light' || found === 'dark' ? found : 'system';
}

/** Shows a theme, and remembers it. */
export function keepTheme(theme: Theme): void {
  quietly(() => (theme === 'system' ? localStorage.removeItem(themeName) : localStorage.setItem(themeName, theme)));
  applyTheme(theme);
}

export function applyTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}
