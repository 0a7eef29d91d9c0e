import { matmul } from '#gpu/ops/linear.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import type { Fields, SaeConfig } from './config.ts';
import { prepareBatch } from './ops/decode.ts';
import { gradientScore, offTopk } from './ops/gradient_score.ts';
import { type Named, padded, type StepShape } from './space.ts';
import type { SaeStep } from './variant.ts';

/** Config of a variant that scores by gradient. */
export interface GradientConfig extends SaeConfig {
  readonly k: number;
  readonly beta: number;
  readonly reading: 'augmented' | 'product';
}

export const GRADIENT_PAPER = {
  key: 'olmo2024',
  title: 'Features that make a difference: leveraging gradients for improved dictionary learning',
  year: 2024,
  url: 'https://arxiv.org/abs/2411.10397',
} as const;

/** The fields that a gradient score adds. */
export const GRADIENT_FIELDS = {
  beta: {
    kind: 'number',
    label: 'β',
    default: 1,
    min: 0,
    max: 1e6,
    help: 'Weight of the gradient in the score z · (1 + β q ÷ mean q), q = |d_i · g|; it has no unit. 0 is plain selection.',
  },
  reading: {
    kind: 'choice',
    label: 'Score',
    default: 'augmented',
    choices: ['augmented', 'product'],
    help: 'augmented: z · (1 + β q ÷ mean q); product: z · q, the limit of large β.',
  },
} as const satisfies Fields;

/** The padded gradients, their projections' sums, and the share that is shown. */
export const gradientScratch = ({ batch, d_in }: StepShape): Named => ({
  gradient: [[batch, padded(d_in)], 'f32'],
  gradient_copy: [[batch, padded(d_in)], 'f32'],
  gradient_sums: [[batch, 2], 'f32'],
  gradient_mean: [[1], 'f32'],
});

/** True unless beta = 0 makes the score plain. */
export const usesGradient = (cfg: GradientConfig): boolean => cfg.beta > 0 || cfg.reading === 'product';

/**
 * score [n, d_sae] of a whole batch: q = |g·W_decᵀ|, then s (Olmo 2024, arXiv 2411.10397). g and the choice are constants
 * of the step; W_dec is that of the step, so q is computed anew each time.
 */
export function scoreByGradient(rec: Recorder, step: SaeStep<GradientConfig>): Tensor<'f32'> {
  const { cfg, gradient, pre_acts, params } = step;
  if (!gradient || !usesGradient(cfg)) return pre_acts;
  const g = step.f32('gradient');
  prepareBatch(rec, {
    x: gradient.g,
    fromRow: gradient.fromRow,
    b_dec: params.b_dec,
    xs: g,
    xc: step.f32('gradient_copy'),
    scale: 1,
    p: false,
  });
  const score = step.f32('score');
  matmul(rec, { layout: 'NT', a: g, b: params.W_dec, out: score });
  gradientScore(rec, {
    pre_acts,
    score,
    sums: step.f32('gradient_sums'),
    mean_q: step.f32('gradient_mean'),
    beta: cfg.reading === 'product' ? undefined : cfg.beta,
  });
  return score;
}

/** The share costs d_sae comparisons an entry, so it is counted every so many steps. */
const SHARE_STEPS = 16;

/** Figure number `figure` of the variant: the share of chosen entries that plain TopK would not have chosen. */
export function countOffTopk(rec: Recorder, step: SaeStep<GradientConfig>, figure: number): void {
  if (step.step % SHARE_STEPS !== 1) return;
  offTopk(rec, {
    pre_acts: step.pre_acts,
    code: step.code,
    sums: step.f32('gradient_sums'),
    scalars: step.f32('scalars'),
    k: step.cfg.k,
    at: 8 + figure,
  });
}
