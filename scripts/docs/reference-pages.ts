/** All generated pages by their paths. */
import { apiPages } from './api-pages.js';
import { cliPage } from './cli-page.js';
import { messagesPage } from './messages-page.js';

export async function referencePages(): Promise<Map<string, string>> {
  return new Map([['docs/reference/cli.md', await cliPage()], ['docs/reference/messages.md', messagesPage()], ...apiPages()]);
}
