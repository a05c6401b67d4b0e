/**
 * Inputs of a training graph that a step takes out of tables which stay where it is computed, so that row numbers alone are fed. A table is
 * kept in parts, some columns each, where a device has a limit for one tensor.
 */
import * as f from '../graph/functions.js';
import type { Value } from '../graph/index.js';
import { joined } from './flat-layout.js';
import type { InputSpec } from './input-spec.js';

type Declare = (name: string, spec: InputSpec) => Value;

/**
 * The values of a batch by the names of their inputs.
 *
 * @param fed declares what a step feeds @param resident declares what stays, once for all steps of a run
 */
export function batchValues(inputs: Readonly<Record<string, InputSpec>>, fed: Declare, resident: Declare): Record<string, Value> {
  const declared = new Map<string, Value>();
  const once = (name: string, spec: InputSpec, declare: Declare): Value => {
    const value = declared.get(name) ?? declare(name, spec);
    declared.set(name, value);
    return value;
  };
  const declaredValue = (name: string, spec: InputSpec): Value => {
    if (!spec.gathered) return fed(name, spec);
    const { parts, rows } = spec.gathered;
    const at = once(rows.name, { dtype: 'int32', shape: rows.shape }, fed);
    const columns = parts.map((part) => f.gather(once(part.name, part, resident), at));
    return columns.length === 1 ? (columns[0] as Value) : joined(columns, spec.shape.length - 1);
  };
  return Object.fromEntries(Object.entries(inputs).map(([name, spec]) => [name, declaredValue(name, spec)]));
}
