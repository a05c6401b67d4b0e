/** Unit tests that make parts known (methods, stores, encoders, plug-ins), which stay for as long as the process: each has one of its own. */
export const addingParts = [
  'src/models/encoders/image/define-encoder.test.ts',
  'src/models/methods/define-method.test.ts',
  'src/plugins/plugins.test.ts',
  'src/search/gallery/given-store.test.ts',
  'src/search/gallery/kept-features.test.ts',
];
