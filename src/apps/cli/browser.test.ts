import { expect, it } from 'vitest';
import { browserCommand } from './browser.js';

it.each([
  ['linux', true, { DISPLAY: ':0' }, 'xdg-open'],
  ['linux', true, { WAYLAND_DISPLAY: 'wayland-0' }, 'xdg-open'],
  ['linux', true, {}, undefined],
  ['linux', false, { DISPLAY: ':0' }, undefined],
  ['linux', true, { DISPLAY: ':0', CI: 'true' }, undefined],
  ['darwin', true, {}, 'open'],
  ['darwin', true, { SSH_CONNECTION: '10.0.0.1 22' }, undefined],
  ['win32', true, {}, 'cmd'],
])('on %s, with a terminal: %s, and %j: %s', (platform, isTerminal, env, command) => {
  expect(browserCommand({ platform, isTerminal, env })?.[0]).toBe(command);
});
