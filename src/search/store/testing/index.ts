/**
 * limn/testing: what every gallery store must do, as a suite for vitest. It needs the packages vitest and fast-check.
 *
 * @example
 * // my-store.test.js, for "npx vitest run"
 * import { storeConformance } from 'limn/testing';
 * import store from './my-store.js';
 *
 * let galleries = 0;
 * storeConformance('my store', { store, location: () => `mine:test-${++galleries}` });
 */
export { conformance as storeConformance, type Engine as StoreEngine } from './conformance.js';
