import { COMMON_FIELDS, deadField, type SaeConfig } from '../config.ts';
import { thresholdCode } from '../ops/infer.ts';
import { penaltyScratch } from '../ops/penalty.ts';
import { KISSANE_RISE, travelLr, warmed } from '../schedule.ts';
import type { SaeVariant } from '../variant.ts';

export interface L1Config extends SaeConfig {
  readonly lambda: number;
  /** Share of the steps over which lambda rises from 0. */
  readonly lambdaWarmup: number;
  /** Acts are weighed by the norm of their decoder row. */
  readonly normWeighted: boolean;
}

export const LAMBDA_FIELDS = {
  lambda: {
    kind: 'number',
    label: 'λ',
    default: 5,
    min: 0,
    max: 1e4,
    scale: 'log',
    help: 'Weight of the sparsity penalty, for inputs scaled to norm sqrt(d_in).',
  },
  lambdaWarmup: {
    kind: 'number',
    label: 'λ warm-up',
    default: 0.05,
    min: 0,
    max: 1,
    help: 'Share of the steps over which λ rises from 0.',
  },
} as const;

/** The rate of variants whose sparsity is learned, not chosen: a short run needs a higher one to become sparse at all. */
export const TRAVEL_LR = {
  ...COMMON_FIELDS.lr,
  help: 'Peak rate of Adam. 0 takes 10 ÷ steps, from 5e-5 (200,000 steps, as in April 2024) to 1e-2: at 5e-5 a run of some thousand steps stays dense.',
} as const;

/**
 * ReLU with an L1 penalty, as of April 2024: loss = mse + λ Σ f_i ‖d_i‖ and free decoder norms. The Kissane preset is the
 * older form: unit rows, tied b_dec and plain Σ f_i.
 */
export const l1: SaeVariant<L1Config, 'l1'> = {
  id: 'l1',
  title: 'L1',
  paper: {
    key: 'conerly2024',
    title: 'Update on how we train SAEs (Anthropic, April 2024)',
    year: 2024,
    url: 'https://transformer-circuits.pub/2024/april-update/index.html#training-saes',
  },
  fields: {
    ...LAMBDA_FIELDS,
    lambda: {
      ...LAMBDA_FIELDS.lambda,
      default: 3,
      help: 'Weight of the sparsity penalty, for inputs scaled to norm sqrt(d_in). April 2024 takes about 5 for long runs; more makes acts sparser and the reconstruction worse.',
    },
    normWeighted: {
      kind: 'flag',
      label: 'Weigh by decoder norm',
      default: true,
      help: 'The penalty is Σ f·‖d‖ rather than Σ f.',
    },
    ...COMMON_FIELDS,
    lr: TRAVEL_LR,
    applyBDecToInput: { ...COMMON_FIELDS.applyBDecToInput, default: false },
    unitNorm: { ...COMMON_FIELDS.unitNorm, default: false },
    dead: deadField(['none', 'resample'], 'none'),
  },
  lossTerms: ['mse', 'penalty'],
  presets: [
    { title: 'April 2024 for short runs', config: {} },
    { title: 'April 2024', config: { lr: 5e-5, lambda: 5 } },
    {
      title: 'Kissane (unit rows, plain L1, resampling)',
      config: {
        ...{ normWeighted: false, unitNorm: true, applyBDecToInput: true, scaleInput: false },
        ...{
          lambda: 1,
          lambdaWarmup: 0,
          lr: 1.2e-3,
          warmup: KISSANE_RISE,
          rise: 'cosine',
          decay: 0,
          clip: 0,
        },
        ...{ beta2: 0.99, dead: 'resample' },
      },
    },
  ],
  step: 'sparse',
  wholeBatch: true,
  slots: (_, d_sae) => d_sae,
  scratch: (_, { d_sae }) => penaltyScratch(d_sae),
  allocate: (rec, { pre_acts, code }) => thresholdCode(rec, { pre_acts, code, theta: undefined }),
  penalty: (cfg, { step, steps, n }) => ({
    weight: (cfg.lambda * warmed(step, steps, cfg.lambdaWarmup)) / n,
    norms: cfg.normWeighted,
    kind: 'l1',
  }),
  autoLr: travelLr,
  figures: ['penalty'],
  actRule: () => ({ kind: 'relu' }),
};
