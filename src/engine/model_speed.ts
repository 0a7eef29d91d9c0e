import { quantile } from '#base/num.ts';
import type { Gpu } from '#gpu/device.ts';
import { LmTrainer } from '#model/lm_train.ts';
import { batchOf } from '#text/storyland/curriculum_stream.ts';
import type { Host } from './host.ts';
import { flopsPerToken, type PlannedModel, planModelJob } from './model_job.ts';
import { optimiserOf, startModel } from './model_training.ts';
import type { ModelRunInfo } from './protocol/model_training.ts';

/** Seconds of a step = fixed + flop · operations, on this adapter. */
interface Speed {
  readonly fixed: number;
  readonly flop: number;
}

/** The calibration's model and its two batches; a software adapter gets smaller ones. */
const SIZES = { n_layers: 1, d_model: 64, n_heads: 2, n_ctx: 32 } as const;
const BATCHES = { gpu: [128, 2048], software: [32, 128] } as const;
const TIMED_STEPS = 2;

/** Predicts how long a transformer's run takes: from an earlier run here, else from two short calibrations. */
export class ModelSpeeds {
  readonly #host: Host;
  #measuring: Promise<Speed> | undefined;
  constructor(host: Host) {
    this.#host = host;
  }

  /** Seconds; undefined when the job does not fit or the calibration failed. */
  async predict(planned: PlannedModel, runs: readonly ModelRunInfo[]): Promise<number | undefined> {
    if (!planned.plan.fits) return undefined;
    const operations = flopsPerToken(planned) * planned.job.batch;
    const earlier = await this.#fromRuns(planned, runs);
    if (earlier !== undefined) return earlier;
    this.#measuring ??= this.#measure();
    try {
      const { fixed, flop } = await this.#measuring;
      return planned.plan.steps * (fixed + flop * operations);
    } catch {
      this.#measuring = undefined;
      return undefined;
    }
  }

  /** By the median speed of the newest run of the same architecture; smaller or larger models are calibrated. */
  async #fromRuns({ job, plan }: PlannedModel, runs: readonly ModelRunInfo[]): Promise<number | undefined> {
    const same = (['n_layers', 'd_model', 'n_heads', 'n_ctx', 'batch'] as const).map(
      (k) => [k, job[k]] as const,
    );
    const last = runs.find((r) => r.history.length > 8 && same.every(([k, v]) => r.job[k] === v));
    if (!last) return undefined;
    const speeds = last.history.map((p) => p.metrics.tokensPerSecond).filter((v) => v > 0);
    return (
      (plan.steps * job.batch) /
      quantile(
        speeds.sort((a, b) => a - b),
        0.5,
      )
    );
  }

  async #measure(): Promise<Speed> {
    const { gpu } = this.#host;
    const [small, large] = gpu.caps.fallback ? BATCHES.software : BATCHES.gpu;
    const a = await this.#time(small);
    const b = await this.#time(large);
    const flop = Math.max(0, (b.seconds - a.seconds) / (b.operations - a.operations));
    return { flop, fixed: Math.max(0, a.seconds - flop * a.operations) };
  }

  /** Seconds of a step of the calibration's model, after one that compiles. */
  async #time(batch: number): Promise<{ readonly seconds: number; readonly operations: number }> {
    const job = { ...SIZES, batch, tokens: Math.max(1024, batch), lr: 1e-3, weightDecay: 0, seed: 0 };
    const planned = await planModelJob(this.#host, job);
    const operations = flopsPerToken(planned) * batch;
    using _turn = await this.#host.scheduler.enter('background');
    return { operations, seconds: await timeSteps(this.#host.gpu, planned) };
  }
}

async function timeSteps(gpu: Gpu, planned: PlannedModel): Promise<number> {
  using model = await startModel(gpu, planned);
  using trainer = new LmTrainer(gpu, model, optimiserOf(planned));
  const { batch, n_ctx } = planned.job;
  // Ids as varied as text has them: the gradient of W_E gathers the rows of each id.
  const ids = Uint16Array.from({ length: batch }, (_, i) => i % planned.config.d_vocab);
  const data = batchOf(ids, new Uint8Array(batch).fill(100), n_ctx);
  await trainer.step(data);
  await gpu.idle();
  const started = performance.now();
  for (let i = 0; i < TIMED_STEPS; i++) await trainer.step(data);
  // The calibration waits for the device: that is what it measures.
  await gpu.idle();
  const seconds = (performance.now() - started) / 1000 / TIMED_STEPS;
  await trainer.rest();
  return seconds;
}
