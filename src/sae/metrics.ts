import { FIGURES_AT } from './ops/stats.ts';
import { RESAMPLED_AT } from './resample.ts';
import type { Run } from './run.ts';
import { lrOf } from './schedule.ts';

/** Metrics of one step, in model units where they have any. */
export interface SaeStepMetrics {
  /** mse + auxWeight·aux; for Matryoshka the mean over prefixes stands for mse, and penalties and a gate's error come on top. */
  readonly loss: number;
  /** Squared error summed over d_in, mean over the batch's tokens, model units. */
  readonly mse: number;
  /** ‖ê − e‖² ÷ ‖e − mean e‖² of the dead features' reconstruction; 0 when none is dead. */
  readonly aux: number;
  readonly l0: number;
  readonly explainedVariance: number;
  readonly deadFraction: number;
  readonly lr: number;
  /** Global norm of this step's gradients (training units), before clipping; 0 when clipping is off. */
  readonly gradNorm: number;
  /** Of the last submit. */
  readonly tokensPerSecond: number;
  /** The variant's own figures by name, and `resampled`, the features resampled so far, where that is the policy. */
  readonly figures: Readonly<Record<string, number>>;
}

/** One ring slot (step_end.wgsl) as metrics. */
export function metricsOf(run: Run, step: number, slot: Float32Array): SaeStepMetrics {
  const { batch, d_sae } = run.shape;
  const [squared = 0, variance = 0, aux = 0, l0 = 0, dead = 0, gradNorm = 0] = slot;
  const unit = run.scale ** 2;
  const names = run.variant.figures ?? [];
  const own: Record<string, number> = Object.fromEntries(
    names.map((name, i) => [name, slot[FIGURES_AT + i] as number]),
  );
  const figures = {
    ...own,
    ...(run.cfg.dead === 'resample' && { resampled: slot[RESAMPLED_AT] as number }),
  };
  const mse = squared / unit;
  return {
    loss:
      ((own['prefixes'] ?? squared) + (own['penalty'] ?? 0) + (own['gate'] ?? 0)) / unit +
      run.cfg.auxWeight * aux,
    mse,
    aux,
    l0,
    explainedVariance: 1 - (squared * batch) / Math.max(variance, 1e-30),
    deadFraction: dead / d_sae,
    lr: lrOf(run, step),
    gradNorm,
    tokensPerSecond: (1000 * batch) / Math.max(run.msPerStep ?? 1e9, 1e-6),
    figures,
  };
}
