import { ceilDiv } from '#base/num.ts';
import { makeRng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import type { HookName } from '#model/hooks.ts';
import type { ActivationSource } from '#sae/sae.ts';
import { trainSae } from '#sae/train.ts';
import type { Host } from './host.ts';
import type { PlannedJob } from './training.ts';

/** The calibration's problem: small enough for a software adapter, large enough to be more than overhead. */
const BATCH = 256;
const D_SAE = 256;
const STEPS = 8;
const WINDOWS = 2;

/** What one step and one forward pass cost on this adapter, measured. */
export interface Speed {
  /** Seconds of a training step per (token · d_in · d_sae). */
  readonly step: number;
  /** Seconds of a forward pass up to the site, per token. */
  readonly forward: number;
}

/** The same seeded rows again and again: the cost of a step does not depend on its data. */
function repeatedRows(d_in: number, scope: ReturnType<Gpu['scope']>): ActivationSource {
  const rng = makeRng('calibration');
  const rows = Float32Array.from({ length: BATCH * d_in }, () => rng.normal());
  const x = scope.upload('rows', [BATCH, d_in], 'f32', rows);
  return {
    d_in,
    position: { block: 0, row: 0 },
    next: async (n) => ({
      x: n === BATCH ? x : scope.upload('mean rows', [n, d_in], 'f32', repeat(rows, n * d_in)),
    }),
  };
}

function repeat(rows: Float32Array, length: number): Float32Array<ArrayBuffer> {
  const out = new Float32Array(length);
  for (let at = 0; at < length; at += rows.length)
    out.set(rows.subarray(0, Math.min(rows.length, length - at)), at);
  return out;
}

/** Seconds of one step of the shared recipe at BATCH × d_in × D_SAE, init left out, after a run that compiles. */
async function timeSteps(gpu: Gpu, d_in: number): Promise<number> {
  using scope = gpu.scope('calibration');
  const source = repeatedRows(d_in, scope);
  const job = {
    variant: 'topk',
    config: { k: 8 },
    d_sae: D_SAE,
    tokens: BATCH * STEPS,
    batch: BATCH,
    seed: 0,
  };
  const run = async (): Promise<number> => {
    const sink = { write: async () => undefined };
    const work = trainSae(gpu, job, source, sink, new AbortController().signal, { checkpointSeconds: 0 });
    let first = 0;
    for (;;) {
      const next = await work.next();
      if (next.done) return (performance.now() - first) / 1000 / (STEPS - 1);
      if (next.value.type === 'step' && first === 0) first = performance.now();
    }
  };
  await run();
  return run();
}

/** Seconds a token of the model's forward pass up to `site`, after a first pass that compiles. */
async function timeForward(gpu: Gpu, planned: PlannedJob, site: HookName): Promise<number> {
  const { lm } = planned.model;
  const seq = lm.config.n_ctx;
  using ws = lm.workspace({ batch: WINDOWS, seq, keep: [site] });
  using scope = gpu.scope('calibration');
  const tokens = scope.zeros('tokens', [WINDOWS, seq], 'u32');
  const pass = async (): Promise<number> => {
    const started = performance.now();
    const rec = gpu.record('calibration');
    lm.forward(rec, ws, tokens, { stopAt: site });
    await rec.submit();
    // The calibration waits for the device: that is what it measures.
    await gpu.idle();
    return (performance.now() - started) / 1000 / (WINDOWS * seq);
  };
  await pass();
  return pass();
}

/** Measures once for each model and site, on the background lane, and predicts from it. */
export class Speeds {
  readonly #host: Host;
  readonly #known = new Map<string, Promise<Speed>>();
  constructor(host: Host) {
    this.#host = host;
  }

  /** Seconds that a job takes; undefined when it does not fit or the calibration failed. */
  async predict(planned: PlannedJob): Promise<number | undefined> {
    if (!planned.plan.fits) return undefined;
    const key = `${planned.model.info.id}/${planned.site}`;
    const measuring = this.#known.get(key) ?? this.#measure(planned);
    this.#known.set(key, measuring);
    try {
      return secondsAt(await measuring, planned);
    } catch {
      this.#known.delete(key);
      return undefined;
    }
  }

  async #measure(planned: PlannedJob): Promise<Speed> {
    using _model = planned.model.shared.hold();
    using _turn = await this.#host.scheduler.enter('background');
    return measureSpeed(this.#host.gpu, planned);
  }
}

/** Times some steps of the trainer and one forward pass on this adapter: some 100 ms on a GPU, seconds in software. */
export async function measureSpeed(gpu: Gpu, planned: PlannedJob): Promise<Speed> {
  const step = await timeSteps(gpu, planned.d_in);
  return {
    step: step / (BATCH * planned.d_in * D_SAE),
    forward: await timeForward(gpu, planned, planned.site),
  };
}

/** Seconds that a job takes at this speed: steps grow with d_in · d_sae, harvesting with tokens. */
export function secondsAt(speed: Speed, planned: PlannedJob): number {
  const { sae, d_in } = planned;
  const tokens = ceilDiv(sae.tokens, sae.batch) * sae.batch;
  return tokens * (speed.step * d_in * sae.d_sae + speed.forward);
}
