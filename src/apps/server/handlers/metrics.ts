/** What Prometheus scrapes from /metrics. */
import { type IntervalHistogram, monitorEventLoopDelay } from 'node:perf_hooks';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

export interface MetricsOptions {
  /** Pictures of each gallery by its name. */
  items(): Promise<Record<string, number>>;
  /** Requests that are being answered. */
  inFlight(): number;
  /** Add memory, processor and garbage collection of the whole process. @default false */
  process?: boolean | undefined;
}

export class Metrics {
  readonly registry = new Registry();
  private readonly delay: IntervalHistogram;
  private readonly requests = new Counter({
    name: 'limn_http_requests_total',
    help: 'Requests that were answered.',
    labelNames: ['method', 'route', 'status'],
    registers: [this.registry],
  });
  private readonly seconds = new Histogram({
    name: 'limn_http_request_duration_seconds',
    help: 'Time from the headers of a request to the end of its answer.',
    labelNames: ['method', 'route'],
    buckets: [0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30],
    registers: [this.registry],
  });
  private readonly batches = new Histogram({
    name: 'limn_search_batch_size',
    help: 'Queries that were embedded together.',
    buckets: [1, 2, 4, 8, 16, 32],
    registers: [this.registry],
  });

  private readonly choices = new Counter({
    name: 'limn_choices_total',
    help: 'Choices of results that were to be kept, and whether they are on disk.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });

  constructor(options: MetricsOptions) {
    this.delay = monitorEventLoopDelay({ resolution: 10 });
    this.delay.enable();
    const { registry, delay } = this;
    new Gauge({
      name: 'limn_http_requests_in_flight',
      help: 'Requests that are being answered.',
      registers: [registry],
      collect() {
        this.set(options.inFlight());
      },
    });
    new Gauge({
      name: 'limn_event_loop_delay_seconds',
      help: 'How late timers fired since the scrape before.',
      labelNames: ['quantile'],
      registers: [registry],
      collect() {
        for (const quantile of [0.5, 0.9, 0.99, 1]) {
          // The histogram is of whole intervals; what is over the interval itself is the delay.
          const nanoseconds = delay.count > 0 ? delay.percentile(quantile * 100) : 0;
          this.set({ quantile: String(quantile) }, Math.max(0, nanoseconds / 1e9 - 0.01));
        }
        delay.reset();
      },
    });
    new Gauge({
      name: 'limn_gallery_items',
      help: 'Pictures of a gallery.',
      labelNames: ['gallery'],
      registers: [registry],
      async collect() {
        for (const [gallery, count] of Object.entries(await options.items())) this.set({ gallery }, count);
      },
    });
    if (options.process) collectDefaultMetrics({ register: registry });
  }

  /** @param route its pattern, so that ids do not become labels */
  answered(method: string, route: string, status: number, seconds: number): void {
    const name = knownMethods.has(method) ? method : 'OTHER';
    this.requests.inc({ method: name, route, status: String(status) });
    this.seconds.observe({ method: name, route }, seconds);
  }

  batch(size: number): void {
    this.batches.observe(size);
  }

  choice(kept: boolean): void {
    this.choices.inc({ outcome: kept ? 'kept' : 'lost' });
  }

  close(): void {
    this.delay.disable();
    this.registry.clear();
  }
}

const knownMethods = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'PATCH']);
