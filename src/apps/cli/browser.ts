/** Opening a page in the person's browser. */
import { spawn } from 'node:child_process';

/** What decides whether a browser can be opened, and how. */
export interface Desktop {
  platform: string;
  /** Whether a person sits before a terminal. */
  isTerminal: boolean;
  env: Readonly<Record<string, string | undefined>>;
}

/** Opens an address in the usual browser where there is a person before a terminal and a display; that there is none is no error. */
export function openInBrowser(url: string): void {
  const { platform, env, stdout } = process;
  const call = browserCommand({ platform, env, isTerminal: Boolean(stdout.isTTY) });
  if (!call) return;
  const [command, ...words] = call;
  const opener = spawn(command, [...words, url], { stdio: 'ignore', detached: true });
  opener.on('error', () => {});
  opener.unref();
}

/** The command that opens an address; undefined where nobody would see the page. */
export function browserCommand({ platform, isTerminal, env }: Desktop): [string, ...string[]] | undefined {
  // Over SSH the browser would open on the other machine, if at all.
  if (!isTerminal || env.CI || env.SSH_CONNECTION) return undefined;
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['cmd', '/c', 'start', ''];
  return env.DISPLAY || env.WAYLAND_DISPLAY ? ['xdg-open'] : undefined;
}
