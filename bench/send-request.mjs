/** One request over a connection of its own. */
import { request } from 'node:http';

/** @param from the address of this machine that it comes from @returns the status of the answer, 0 where there was none */
export function send(url, path, { method = 'GET', headers = {}, body, from } = {}) {
  return new Promise((resolve) => {
    const options = { method, headers, agent: false, ...(from ? { localAddress: from } : {}) };
    const sent = request(new URL(path, url), options, (answer) => {
      answer.resume();
      answer.on('close', () => resolve(answer.statusCode));
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}
