import { describe, expect, it } from 'vitest';
import { loadReason } from './load-reason.js';

describe('loadReason', () => {
  it.each([
    [
      'Load model from /a b/model.onnx failed:/src/core/graph/model.cc:202 Model(const Path&) Unsupported model IR version: 14, max supported IR version: 13',
      /^the file has IR version 14, .* reads up to 13: save it with "ir_version" 13/,
    ],
    [
      'Load model from m.onnx failed:Fatal error: com.acme:Fancy(-1) is not a registered function/op',
      /^its operator Fancy of the domain com\.acme /,
    ],
    [
      'Load model from m.onnx failed:Fatal error: :Fancy(17) is not a registered function/op',
      /^its operator Fancy of the domain ai\.onnx /,
    ],
    [
      'Load model from m.onnx failed:This is an invalid model. In Node, ("a", Softmoox, "", -1) , Error No Op registered for Softmoox with domain_version of 17',
      /^operator set 17 has no Softmoox: /,
    ],
    ["This is an invalid model. Error No opset import for domain 'com.acme'", /^operators of the domain com\.acme are none/],
    [
      'Load model from /tmp/x/m.onnx failed:This is an invalid model. Error: two nodes with same node name (a).',
      /^This is an invalid model\. Error: two nodes with same node name \(a\)\.$/,
    ],
    ['Exception during initialization: other', /^Exception during initialization: other$/],
  ])('%s', (message, said) => {
    expect(loadReason(message)).toMatch(said);
  });
});
