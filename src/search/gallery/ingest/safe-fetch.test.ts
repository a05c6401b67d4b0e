import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isPublicAddress } from './addresses.js';
import { type FetchLimits, SafeFetcher } from './safe-fetch.js';

let server: Server;
let base: string;
let answered: string[] = [];
const fetchers: SafeFetcher[] = [];

const answers: Record<string, (response: ServerResponse, request: IncomingMessage) => void> = {
  '/picture': (response) => response.end('the picture'),
  '/moved': (response) => response.writeHead(302, { location: '/picture' }).end('moved'),
  '/inside': (response) => response.writeHead(302, { location: base.replace('127.0.0.1', '127.0.0.2') }).end(),
  '/named': (response) => response.writeHead(307, { location: base.replace('127.0.0.1', 'inside.test') }).end(),
  '/file': (response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end(),
  '/round': (response) => response.writeHead(301, { location: '/round' }).end(),
  '/nowhere': (response) => response.writeHead(302).end(),
  '/large': (response) => response.writeHead(200, { 'content-length': '5000' }).end(Buffer.alloc(5000)),
  '/endless': (response) => {
    const timer = setInterval(() => response.write(Buffer.alloc(600)), 1);
    response.on('close', () => clearInterval(timer));
  },
  '/slow': (response) => response.write('a'),
  '/zipped': (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'),
};

beforeAll(async () => {
  server = createServer((request, response) => {
    answered.push(request.url ?? '');
    const answer = answers[request.url ?? ''];
    if (answer) answer(response, request);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  for (const fetcher of fetchers.splice(0)) await fetcher.close();
  answered = [];
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});

const get = (url: string, limits: FetchLimits = {}) => {
  const fetcher = new SafeFetcher(limits);
  fetchers.push(fetcher);
  return fetcher.fetch(url);
};
/** The test's server stands for the public internet; everything else does not. */
const onlyServer: FetchLimits = { allowAddress: (address) => address === '127.0.0.1' };

describe('SafeFetcher', () => {
  it('gives the bytes, also behind a redirect', async () => {
    const { bytes, url } = await get(`${base}/moved`, onlyServer);
    expect([Buffer.from(bytes).toString(), url]).toEqual(['the picture', `${base}/picture`]);
    expect(answered).toEqual(['/moved', '/picture']);
  });

  it('connects to no private address, however it is written', async () => {
    const { port } = new URL(base);
    const hosts = [
      '127.0.0.1',
      '2130706433',
      '0x7f.1',
      '0177.0.0.1',
      '[::1]',
      '[::ffff:127.0.0.1]',
      '0.0.0.0',
      '[64:ff9b::7f00:1]',
    ];
    for (const host of hosts)
      await expect(get(`http://${host}:${port}/picture`), host).rejects.toThrow('not on the public internet');
    const resolve = (...addresses: string[]): FetchLimits => ({
      lookup: async () => addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    });
    for (const found of [['127.0.0.1'], ['8.8.8.8', '10.0.0.1'], ['fd00::1'], []]) {
      const what = found.length > 0 ? /not on the public internet/ : /has no address/;
      await expect(get(`http://inside.test:${port}/picture`, resolve(...found))).rejects.toThrow(what);
    }
    await expect(get(`http://localhost:${port}/picture`)).rejects.toMatchObject({ code: 'USAGE' });
    expect(answered).toEqual([]);
  });

  it('checks each redirect, and what its name stands for', async () => {
    await expect(get(`${base}/inside`, onlyServer)).rejects.toThrow('127.0.0.2 is not on the public internet');
    const named = { ...onlyServer, lookup: async () => [{ address: '192.168.0.7', family: 4 }] };
    await expect(get(`${base}/named`, named)).rejects.toThrow('192.168.0.7 is not on the public internet');
    await expect(get(`${base}/file`, onlyServer)).rejects.toThrow('only http:// and https:// are fetched');
    await expect(get(`${base}/round`, onlyServer)).rejects.toThrow('more than 3 redirects');
    await expect(get(`${base}/nowhere`, onlyServer)).rejects.toThrow('redirects to an invalid address');
  });

  it('connects to the very address that was checked', async () => {
    let asked = 0;
    // A name that is public when it is checked and private when it is asked for again.
    const lookup = async () => [{ address: asked++ === 0 ? '127.0.0.1' : '10.0.0.1', family: 4 }];
    const { bytes } = await get(`http://turning.test:${new URL(base).port}/picture`, { ...onlyServer, lookup });
    expect([Buffer.from(bytes).toString(), asked]).toEqual(['the picture', 1]);
  });

  it('stops at too many bytes, said or sent, at too much time, and at compressed answers', async () => {
    const limits = { ...onlyServer, maxBytes: 2000, timeout: 300 };
    await expect(get(`${base}/large`, limits)).rejects.toThrow('larger than 2000 bytes');
    await expect(get(`${base}/endless`, limits)).rejects.toThrow('larger than 2000 bytes');
    await expect(get(`${base}/slow`, limits)).rejects.toThrow('it took longer than 0.3 s');
    await expect(get(`${base}/zipped`, limits)).rejects.toThrow('the answer is compressed');
    await expect(get(`${base}/none`, limits)).rejects.toMatchObject({
      code: 'DATA',
      message: expect.stringContaining('answered 404'),
    });
  });

  it('refuses other schemes, user names, and what is no URL', async () => {
    for (const url of ['file:///etc/passwd', 'ftp://example.com/a', 'data:,a', 'gopher://x', 'nothing'])
      await expect(get(url)).rejects.toThrow('only http:// and https:// are fetched');
    const secret = get('http://user:secret@example.com/');
    await expect(secret).rejects.toThrow('user name');
    await expect(secret).rejects.not.toThrow('secret');
  });

  it('stops when told to', async () => {
    const stop = new AbortController();
    const fetcher = new SafeFetcher(onlyServer);
    fetchers.push(fetcher);
    const going = fetcher.fetch(`${base}/slow`, { signal: stop.signal });
    stop.abort();
    await expect(going).rejects.toMatchObject({ code: 'INTERRUPTED' });
  });
});

describe('isPublicAddress', () => {
  it.each(['8.8.8.8', '1.1.1.1', '100.63.255.255', '172.32.0.1', '223.255.255.255', '2606:4700:4700::1111', '2a00:1450::1'])(
    'knows %s as public',
    (address) => expect(isPublicAddress(address)).toBe(true),
  );
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.9.9.9',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.1.1',
    '198.19.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:8.8.8.8',
    '::ffff:10.0.0.1',
    '64:ff9b::808:808',
    'fc00::1',
    'fe80::1',
    'fe80::1%eth0',
    'ff02::1',
    '2001:db8::1',
    '2001::1',
    '2002:7f00:1::',
    'example.com',
    '',
  ])('knows %s as not public', (address) => expect(isPublicAddress(address)).toBe(false));
});
