/** What is wrong with a request before anybody reads what it asks: things that two programs would understand in two ways. */
import type { IncomingMessage } from 'node:http';
import { HttpProblem } from '../handlers/problems.js';

const closing = { headers: { connection: 'close' } };

/** @throws HttpProblem 400 for more than one Host header, or an address that is not percent-encoded UTF-8 */
export function checkRequestLine({ rawHeaders, url = '/' }: Pick<IncomingMessage, 'rawHeaders' | 'url'>): void {
  const hosts = rawHeaders.filter((name, i) => i % 2 === 0 && name.toLowerCase() === 'host').length;
  if (hosts > 1) throw new HttpProblem(400, 'USAGE', 'The request has two Host headers. Send one.', closing);
  try {
    decodeURIComponent(url);
  } catch {
    const advice = 'Encode each part with its bytes in UTF-8, and "%" as "%25".';
    throw new HttpProblem(400, 'USAGE', `The address is not percent-encoded UTF-8. ${advice}`);
  }
}
