import { evaluateSae } from '#analysis/evaluate.ts';
import type { Gpu } from '#gpu/device.ts';
import { type Checkpoint, readCheckpoint } from '#sae/checkpoint.ts';
import { resolveConfig } from '#sae/config.ts';
import { foldedWeights } from '#sae/train_result.ts';
import { variantOf } from '#sae/variants/index.ts';
import { type SaeWeights, saeOnGpu } from '#sae/weights.ts';
import { type Corpus, windowsFor } from './corpora.ts';
import type { Host } from './host.ts';
import type { Histogram } from './protocol/features.ts';
import type { TrainEvent } from './protocol/training.ts';
import type { PlannedJob } from './training.ts';

/** Evaluations of a run at most; a curve needs no more. */
const EVALUATIONS = 40;
/** Each waits until training took this many times as long as the evaluation before. */
const COST_RATIO = 12;
/** Held-out tokens of one. */
const TOKENS = { gpu: 8192, software: 512 } as const;
/** log10 of the density: 0.25 a bin from 1e-8 to 1. */
const DENSITY_BINS = 32;
const DENSITY_FROM = -8;

/** Measures the running SAE on held-out windows, from its checkpoints. */
export class LiveEvaluation {
  readonly #planned: PlannedJob;
  readonly #corpus: Corpus;
  #asked = 0;
  #done = 0;
  #notBefore = 0;
  constructor(planned: PlannedJob, corpus: Corpus) {
    this.#planned = planned;
    this.#corpus = corpus;
  }

  get #every(): number {
    return Math.max(1, Math.floor(this.#planned.plan.steps / EVALUATIONS));
  }

  /** True once an interval: a checkpoint is wanted for it. */
  isDue(step: number): boolean {
    if (step - this.#asked < this.#every || performance.now() < this.#notBefore) return false;
    this.#asked = step;
    return true;
  }

  /** Evaluates a checkpoint, unless the last one is less than an interval ago. */
  async *evaluate(
    { host, gpu }: { readonly host: Host; readonly gpu: Gpu },
    bytes: Uint8Array<ArrayBuffer> | undefined,
    step: number,
  ): AsyncGenerator<TrainEvent, void, void> {
    if (!bytes || step - this.#done < this.#every || performance.now() < this.#notBefore) return;
    this.#done = step;
    const started = performance.now();
    const checkpoint = await readCheckpoint(bytes);
    const { site, model, sae: job } = this.#planned;
    const meta = {
      id: 'running',
      title: 'running',
      model: model.info.id,
      site,
      variant: job.variant,
      excludedPositions: [0],
    };
    using sae = saeOnGpu(gpu, checkpointWeights(checkpoint), meta);
    const tokens = gpu.caps.fallback ? TOKENS.software : TOKENS.gpu;
    const windows = windowsFor(this.#corpus.heldOut, tokens);
    const steps = host.scheduler.background(
      evaluateSae(gpu, model.lm, sae, this.#corpus.heldOut, { windows }),
    );
    let next = await steps.next();
    while (!next.done) next = await steps.next();
    const ended = performance.now();
    this.#notBefore = ended + COST_RATIO * (ended - started);
    const { metrics, density } = next.value;
    yield { type: 'evaluation', step, tokens: step * job.batch, metrics, density: densityHistogram(density) };
  }
}

/** The SAE of a checkpoint in model units, with the thresholds it has so far. */
export function checkpointWeights(checkpoint: Checkpoint): SaeWeights {
  const { meta } = checkpoint;
  const variant = variantOf(meta.variant);
  const cfg = resolveConfig(meta.variant, variant.fields, meta.config);
  return foldedWeights(checkpoint, variant.actRule(cfg), cfg);
}

/** Counts of log10 density; features that never fired lie in the first bin. */
export function densityHistogram(density: Float32Array): Histogram {
  const step = -DENSITY_FROM / DENSITY_BINS;
  const edges = Float32Array.from({ length: DENSITY_BINS + 1 }, (_, i) => DENSITY_FROM + i * step);
  const counts = new Float64Array(DENSITY_BINS);
  for (const d of density) {
    const bin = d > 0 ? Math.floor((Math.log10(d) - DENSITY_FROM) / step) : 0;
    const at = Math.min(DENSITY_BINS - 1, Math.max(0, bin));
    counts[at] = (counts[at] as number) + 1;
  }
  return { edges, counts };
}
