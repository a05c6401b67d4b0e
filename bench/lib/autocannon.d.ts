/** The part of autocannon that the bench of the server uses; the package has no types. */
declare module 'autocannon' {
  export interface Request {
    method?: string;
    path?: string;
    headers?: Record<string, string>;
    body?: string | Buffer;
  }

  export interface Options {
    url: string;
    connections: number;
    /** Seconds. */
    duration: number;
    timeout: number;
    requests: (Request & { setupRequest: (request: Request) => Request })[];
  }

  export interface Result {
    requests: { mean: number };
    /** Milliseconds. */
    latency: { p50: number; p90: number; p99: number; max: number };
    errors: number;
    timeouts: number;
    non2xx: number;
  }

  export default function autocannon(options: Options): Promise<Result>;
}
