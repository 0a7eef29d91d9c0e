import type { SaeConfig } from './config.ts';
import type { StepShape } from './space.ts';
import type { SaeVariant } from './variant.ts';

/** Peak learning rate: the config's, or 2e-4·sqrt(16384 ÷ d_sae) (dictionary_learning's rule for TopK). */
export const peakLr = (cfg: SaeConfig, d_sae: number): number =>
  cfg.lr > 0 ? cfg.lr : 2e-4 * Math.sqrt(16384 / d_sae);

/**
 * Learning rate of step 1..steps: rises linearly over warmup·steps, stays, falls linearly to 0 over decay·steps.
 * Neither the first nor the last step has rate 0.
 */
export function lrAt(step: number, steps: number, cfg: SaeConfig, d_sae: number): number {
  const warm = Math.round(cfg.warmup * steps);
  const cool = Math.round(cfg.decay * steps);
  const rise = warm > 0 ? Math.min(1, step / warm) : 1;
  const fall = cool > 0 ? Math.min(1, (steps - step + 1) / cool) : 1;
  return peakLr(cfg, d_sae) * rise * fall;
}

/**
 * Steps per submit: 50 ms of work, 1 to `most`; 1 before anything is known (decision 7). A power of two, so that few
 * sizes of input need a bind group.
 */
export function stepsPerSubmit(msPerStep: number | undefined, most: number): number {
  if (msPerStep === undefined) return 1;
  const fit = Math.max(1, Math.min(most, Math.floor(50 / Math.max(msPerStep, 0.01))));
  return 2 ** Math.floor(Math.log2(fit));
}

/** Learning rate of a run's step, with the variant's own factor. */
export const lrOf = (
  r: {
    readonly variant: SaeVariant;
    readonly cfg: SaeConfig;
    readonly steps: number;
    readonly shape: StepShape;
  },
  step: number,
): number => lrAt(step, r.steps, r.cfg, r.shape.d_sae) * (r.variant.lrFactor?.(r.cfg, step, r.steps) ?? 1);

/** Rises linearly from 0 to 1 over a share of the steps; step is 1-based. */
export function warmed(step: number, steps: number, share: number): number {
  const warm = Math.round(share * steps);
  return warm > 0 ? Math.min(1, step / warm) : 1;
}
