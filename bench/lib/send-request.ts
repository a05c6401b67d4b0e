/** One request over a connection of its own. */
import { type OutgoingHttpHeaders, request } from 'node:http';

export interface Sent {
  method?: string;
  headers?: OutgoingHttpHeaders;
  body?: string | Buffer;
  /** The address of this machine that it comes from. */
  from?: string;
}

/** @returns the status of the answer, 0 where there was none */
export function send(url: string, path: string, { method = 'GET', headers = {}, body, from }: Sent = {}): Promise<number> {
  return new Promise((resolve) => {
    const options = { method, headers, agent: false, ...(from ? { localAddress: from } : {}) };
    const sent = request(new URL(path, url), options, (answer) => {
      answer.resume();
      answer.on('close', () => resolve(answer.statusCode ?? 0));
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}
