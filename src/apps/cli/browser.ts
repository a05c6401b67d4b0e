/** Opening a page in the person's browser. */
import { spawn } from 'node:child_process';

/** Opens an address in the usual browser where there is a terminal with a person before it; a machine without a browser is no error. */
export function openInBrowser(url: string): void {
  if (!process.stdout.isTTY) return;
  const [command, ...words] = { darwin: ['open'], win32: ['cmd', '/c', 'start', ''] }[process.platform as string] ?? ['xdg-open'];
  const opener = spawn(command as string, [...words, url], { stdio: 'ignore', detached: true });
  opener.on('error', () => {});
  opener.unref();
}
