import { describe, expect, it } from 'vitest';
import { acceptsGzip, bearerToken, parseHeaderValue } from './header-values.js';

const parsed = (text: string) => {
  const found = parseHeaderValue(text);
  return found && [found.value, Object.fromEntries(found.parameters)];
};

describe('parseHeaderValue', () => {
  it('reads what clients send', () => {
    expect(parsed('application/json')).toEqual(['application/json', {}]);
    expect(parsed('Application/JSON ; Charset=UTF-8')).toEqual(['application/json', { charset: 'UTF-8' }]);
    expect(parsed('multipart/form-data; boundary="a b;c"')).toEqual(['multipart/form-data', { boundary: 'a b;c' }]);
    expect(parsed('form-data; name="a"; filename="C:\\dir\\x.jpg"')).toEqual([
      'form-data',
      { name: 'a', filename: 'C:\\dir\\x.jpg' },
    ]);
    expect(parsed('form-data; filename="a \\"b\\".jpg" ; name=a')).toEqual(['form-data', { filename: 'a "b".jpg', name: 'a' }]);
    expect(parsed('form-data; name="\\"')).toEqual(['form-data', { name: '\\' }]);
    expect(parsed("form-data; name=a; filename*=UTF-8''%e2%82%ac")).toEqual([
      'form-data',
      { name: 'a', 'filename*': "UTF-8''%e2%82%ac" },
    ]);
    expect(parsed('form-data; name="";')).toEqual(['form-data', { name: '' }]);
  });

  it('takes nothing else', () => {
    for (const text of ['', ' ', ';', 'a; b', 'a; =b', 'a; b="c', 'a; b="c"d', 'a; b=c"', 'a; b=', 'a; b=1; B=2'])
      expect(parsed(text), text).toBeUndefined();
  });
});

describe('bearerToken', () => {
  it('is the one token of the scheme', () => {
    for (const text of ['Bearer abc', 'bearer  abc', ' BEARER abc ']) expect(bearerToken(text)).toBe('abc');
    for (const text of [undefined, '', 'Bearer', 'Bearer ', 'Bearerabc', 'Bearer a b', 'Basic abc'])
      expect(bearerToken(text), text).toBeUndefined();
  });
});

describe('acceptsGzip', () => {
  it('follows the weights', () => {
    for (const text of ['gzip', 'br, gzip', 'br;q=1, GZIP;q=0.5', 'gzip ; q=0.001']) expect(acceptsGzip(text), text).toBe(true);
    for (const text of [undefined, '', 'br', 'gzip;q=0', 'gzip; q=0.000', 'xgzip', 'identity'])
      expect(acceptsGzip(text), text).toBe(false);
  });
});
