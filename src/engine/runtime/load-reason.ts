/** Why ONNX Runtime does not load a model, in words that say what to do; its own are about its sources. */

interface Known {
  found: RegExp;
  says: (...parts: string[]) => string;
}

const known: readonly Known[] = [
  {
    found: /Unsupported model IR version: (\d+), max supported IR version: (\d+)/,
    says: (given, most) =>
      `the file has IR version ${given}, and this runtime reads up to ${most}: save it with "ir_version" ${most}, or export it with an older onnx package`,
  },
  {
    found: /Fatal error: ([\w.]*):(\w+)\(-?\d+\) is not a registered function\/op/,
    says: (domain, operator) =>
      `its operator ${operator} of the domain ${domain || 'ai.onnx'} is none of the runtime's: export the model with standard operators`,
  },
  {
    found: /No opset import for domain '?([\w.]+)'?/,
    says: (domain) => `operators of the domain ${domain} are none of the runtime's: export the model with standard operators`,
  },
  {
    found: /No Op registered for (\w+) with domain_version of (\d+)/,
    says: (operator, opset) =>
      `operator set ${opset} has no ${operator}: export the model with standard operators, and the operator set that has them`,
  },
];

/** The runtime's own message where the reason is another, without the path of the file that the caller names. */
export function loadReason(message: string): string {
  for (const { found, says } of known) {
    const match = found.exec(message);
    if (match) return `${says(...match.slice(1))}.`;
  }
  const [, rest = message] = message.split(/^Load model from .* failed:/);
  return rest.trim();
}
