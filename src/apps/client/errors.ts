/** An answer of the server that says what went wrong. */
export class LimnClientError extends Error {
  override readonly name = 'LimnClientError';

  constructor(
    /** The HTTP status. */
    readonly status: number,
    /** E.g. "NOT_FOUND" or "RATE_LIMITED"; "UNKNOWN" where the answer is not limn's. */
    readonly code: string,
    message: string,
    /** The id of the request, as in the server's log. */
    readonly request: string,
  ) {
    super(message);
  }

  /** True for errors of this class, also across two copies of the package. */
  static isInstance(value: unknown): value is LimnClientError {
    return value instanceof Error && value.name === 'LimnClientError' && 'status' in value;
  }
}
