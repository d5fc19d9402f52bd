/** Metrics for Prometheus, under the names that users of Triton (nv_inference_…) and MLServer (model_infer_request_…) know. */
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { AnswerRecord } from '../live/answering.js';

const labels = ['model', 'version'] as const;

/** Gauges that prom-client calls "total": their parts, by kind, are there without it. */
const misnamed = ['handles', 'requests', 'resources'].map((of) => `nodejs_active_${of}_total`);

export class Metrics {
  readonly registry: Registry = new Registry();
  readonly #model: string;
  readonly #success = this.#counter('nv_inference_request_success', 'Inference requests that were answered', labels);
  readonly #failure = this.#counter('nv_inference_request_failure', 'Inference requests that failed', [
    ...labels,
    'reason',
  ]);
  readonly #pictures = this.#counter('nv_inference_count', 'Pictures judged', labels);
  readonly #runs = this.#counter('nv_inference_exec_count', 'Runs of the network, each of one batch', ['model']);
  readonly #duration = this.#counter(
    'nv_inference_request_duration_us',
    'Time of inference requests, added up',
    labels,
  );
  readonly #queued = this.#counter(
    'nv_inference_queue_duration_us',
    'Time that requests waited for a run, added up',
    labels,
  );
  readonly #computed = this.#counter(
    'nv_inference_compute_infer_duration_us',
    'Time of the runs of requests, added up',
    labels,
  );
  readonly #mlserverSuccess = this.#counter(
    'model_infer_request_success',
    'Inference requests that were answered',
    labels,
  );
  readonly #mlserverFailure = this.#counter('model_infer_request_failure', 'Inference requests that failed', labels);
  readonly #latency: Histogram<'model'> = new Histogram({
    name: 'model_infer_request_duration_seconds',
    help: 'Time of inference requests',
    labelNames: ['model'],
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5],
    registers: [this.registry],
  });
  readonly #batches: Histogram<'model'> = new Histogram({
    name: 'editable_batch_pictures',
    help: 'Pictures of each run',
    labelNames: ['model'],
    buckets: [1, 2, 4, 8, 16, 32, 64, 128],
    registers: [this.registry],
  });
  readonly #swaps: Counter<string> = this.#counter('editable_swaps_total', 'Times that what is served changed', [
    'model',
  ]);
  readonly #alarms: Counter<string> = this.#counter('editable_alarms_total', 'Times that an alarm went off', ['model']);
  readonly #served: Gauge<string> = new Gauge({
    name: 'editable_served_info',
    help: '1 for the version that is served',
    labelNames: labels,
    registers: [this.registry],
  });
  readonly #http: Counter<string> = this.#counter('editable_http_requests_total', 'HTTP requests by answer', [
    'method',
    'status',
  ]);

  /** `waiting`: pictures that wait now. */
  constructor(model: string, waiting: () => number) {
    this.#model = model;
    collectDefaultMetrics({ register: this.registry });
    for (const name of misnamed) this.registry.removeSingleMetric(name);
    new Gauge({
      name: 'nv_inference_pending_request_count',
      help: 'Pictures that wait for a run',
      labelNames: ['model'],
      registers: [this.registry],
      collect() {
        this.set({ model }, waiting());
      },
    });
  }

  answered({ version, pictures, queued, computed, whole, failure }: AnswerRecord): void {
    const of = { model: this.#model, version };
    this.#duration.inc(of, Math.round(whole * 1000));
    this.#latency.observe({ model: this.#model }, whole / 1000);
    if (failure !== null) {
      this.#failure.inc({ ...of, reason: failure });
      this.#mlserverFailure.inc(of);
      return;
    }
    this.#success.inc(of);
    this.#mlserverSuccess.inc(of);
    this.#pictures.inc(of, pictures);
    this.#queued.inc(of, Math.round(queued * 1000));
    this.#computed.inc(of, Math.round(computed * 1000));
  }

  ran(pictures: number): void {
    this.#runs.inc({ model: this.#model });
    this.#batches.observe({ model: this.#model }, pictures);
  }

  /** `isSwap`: not the first. */
  serves(version: string, isSwap: boolean): void {
    this.#served.reset();
    this.#served.set({ model: this.#model, version }, 1);
    if (isSwap) this.#swaps.inc({ model: this.#model });
  }

  alarm(): void {
    this.#alarms.inc({ model: this.#model });
  }

  responded(method: string, status: number): void {
    this.#http.inc({ method, status: String(status) });
  }

  #counter(name: string, help: string, labelNames: readonly string[]): Counter<string> {
    return new Counter({ name, help, labelNames: [...labelNames], registers: [this.registry] });
  }
}
