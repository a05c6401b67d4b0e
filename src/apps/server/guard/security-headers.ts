/** Headers that keep a browser from doing with an answer what it is not for. */

/** For everything but pages: nothing may be loaded or run from it. */
export const closedPolicy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/** For the page: its own scripts and styles, pictures that it fetched or was given, and this server's API. */
export const pagePolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob: data:",
  "media-src 'self' blob:",
  "font-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ');

/** Sets what the answer does not set itself. */
export function setSecurityHeaders(headers: Headers): void {
  const fixed: Record<string, string> = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    'permissions-policy': 'camera=(self), microphone=(), geolocation=()',
    'content-security-policy': closedPolicy,
    'cache-control': 'no-store',
  };
  for (const [name, value] of Object.entries(fixed)) if (!headers.has(name)) headers.set(name, value);
}
