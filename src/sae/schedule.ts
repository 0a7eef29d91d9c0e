import type { SaeConfig } from './config.ts';
import type { StepShape } from './space.ts';
import type { SaeVariant } from './variant.ts';

/** Peak learning rate: the config's, or 2e-4·sqrt(16384 ÷ d_sae) (dictionary_learning's rule for TopK). */
export const peakLr = (cfg: SaeConfig, d_sae: number): number =>
  cfg.lr > 0 ? cfg.lr : 2e-4 * Math.sqrt(16384 / d_sae);

/** Kissane 2024: 488,281 steps; resampled at 25,000, 50,000, … by the 12,500 before; the rate rises over 1,000. */
const KISSANE = { steps: 488_281, every: 25_000, window: 12_500, rise: 1000 } as const;
/** Share of the steps over which the rate rises in the Kissane preset. */
export const KISSANE_RISE = KISSANE.rise / KISSANE.steps;
/** A rise by half a cosine takes at least this many steps (decision 25). */
const LEAST_RISE = 100;

/**
 * When dead features are resampled: after step `at`, by the firings since step `from`. Constants of Kissane 2024, scaled by
 * the steps of the run (decision 25); empty without the policy.
 */
export function resamplings(cfg: SaeConfig, steps: number): readonly { from: number; at: number }[] {
  if (cfg.dead !== 'resample') return [];
  const every = Math.max(2, Math.round((KISSANE.every / KISSANE.steps) * steps));
  const window = Math.max(1, Math.round((KISSANE.window / KISSANE.steps) * steps));
  return Array.from({ length: cfg.resamples }, (_, i) => {
    const at = every * (i + 1);
    return { from: at - Math.min(window, every), at };
  }).filter(({ at }) => at < densityStart(steps));
}

/** First step of the last fifth, where firing counts start afresh. */
export const densityStart = (steps: number): number => Math.floor(steps * 0.8);

/** 0.1 at first, by half a cosine to 1 over `steps`; done: steps since it began. */
function cosineRise(done: number, steps: number): number {
  const share = Math.min(1, done / Math.max(LEAST_RISE, steps));
  return 0.1 + 0.45 * (1 - Math.cos(Math.PI * share));
}

/** The rise at a step: over the warm-up, and again after each resampling. */
function riseAt(step: number, steps: number, cfg: SaeConfig): number {
  const last = resamplings(cfg, steps).findLast(({ at }) => at < step);
  if (last) return cosineRise(step - 1 - last.at, Math.round(KISSANE_RISE * steps));
  const warm = Math.round(cfg.warmup * steps);
  if (cfg.rise === 'cosine') return cosineRise(step - 1, warm);
  return warm > 0 ? Math.min(1, step / warm) : 1;
}

/**
 * Learning rate of step 1..steps: rises over warmup·steps, stays, falls linearly to 0 over decay·steps; rises again after
 * features were resampled (sae-training.md 2.3). Neither the first nor the last step has rate 0.
 */
export function lrAt(step: number, steps: number, cfg: SaeConfig, d_sae: number): number {
  const cool = Math.round(cfg.decay * steps);
  const rise = riseAt(step, steps, cfg);
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
): number => {
  const own = r.cfg.lr > 0 ? undefined : r.variant.autoLr?.(r.steps);
  const cfg = own === undefined ? r.cfg : { ...r.cfg, lr: own };
  return lrAt(step, r.steps, cfg, r.shape.d_sae) * (r.variant.lrFactor?.(cfg, step, r.steps) ?? 1);
};

/** Adam moves a number by about its rate a step: what 5e-5 reaches in 200,000 steps, others reach at a rate in proportion. */
export const travelLr = (steps: number): number => Math.min(1e-2, Math.max(5e-5, 10 / steps));

/** Rises linearly from 0 to 1 over a share of the steps; step is 1-based. */
export function warmed(step: number, steps: number, share: number): number {
  const warm = Math.round(share * steps);
  return warm > 0 ? Math.min(1, step / warm) : 1;
}
