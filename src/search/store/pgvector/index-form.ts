/** The index of a gallery's matching vectors. pgvector indexes up to 2,000 float32, or 4,000 float16 where they are longer. */
export interface IndexForm {
  /** What is indexed and compared, e.g. `matching::vector(512)`. */
  column: string;
  /** The query vector's type, e.g. `vector(512)`. */
  type: string;
  /** The index's operators; undefined for vectors too long for an index. */
  operators?: string | undefined;
}

export function indexForm(width: number): IndexForm {
  const type = width > 2000 && width <= 4000 ? `halfvec(${width})` : `vector(${width})`;
  const operators = width <= 2000 ? 'vector_cosine_ops' : width <= 4000 ? 'halfvec_cosine_ops' : undefined;
  return { column: `(matching::${type})`, type, operators };
}
