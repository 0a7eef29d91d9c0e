import { COMMON_FIELDS, deadField, type SaeConfig } from '../config.ts';
import { thresholdCode } from '../ops/infer.ts';
import { penaltyScratch } from '../ops/penalty.ts';
import { adamEach, thetaGradient } from '../ops/theta_train.ts';
import { travelLr, warmed } from '../schedule.ts';
import { trained } from '../space.ts';
import type { SaeVariant } from '../variant.ts';
import { LAMBDA_FIELDS, TRAVEL_LR } from './l1.ts';

export interface JumpReluConfig extends SaeConfig {
  readonly lambda: number;
  readonly lambdaWarmup: number;
  readonly penalty: 'step' | 'tanh';
  readonly bandwidth: number;
  readonly thetaStart: number;
  readonly tanhScale: number;
}

const weightOf = (cfg: JumpReluConfig, s: { step: number; steps: number; n: number }): number =>
  (cfg.lambda * warmed(s.step, s.steps, cfg.lambdaWarmup)) / s.n;

/**
 * f = a where a > theta, theta trained by a straight-through window on pre-activations. step: loss = mse + λ L0; tanh: mse +
 * λ Σ tanh(c f ‖d‖), Anthropic, January 2025 (its pre-activation loss is left out).
 */
export const jumprelu: SaeVariant<JumpReluConfig, 'jumprelu'> = {
  id: 'jumprelu',
  title: 'JumpReLU',
  paper: {
    key: 'rajamanoharan2024',
    title: 'Jumping ahead: improving reconstruction fidelity with JumpReLU sparse autoencoders',
    year: 2024,
    url: 'https://arxiv.org/abs/2407.14435',
  },
  fields: {
    ...LAMBDA_FIELDS,
    lambda: { ...LAMBDA_FIELDS.lambda, default: 1.5 },
    penalty: {
      kind: 'choice',
      label: 'Penalty',
      default: 'step',
      choices: ['step', 'tanh'],
      help: 'step: λ times the number of active features; tanh: λ Σ tanh(c f ‖d‖).',
    },
    bandwidth: {
      kind: 'number',
      label: 'Window',
      default: 0.05,
      min: 1e-4,
      max: 10,
      help: 'Width of the window around theta in which pre-activations move theta.',
    },
    thetaStart: {
      kind: 'number',
      label: 'First theta',
      default: 0.01,
      min: 0,
      max: 10,
      help: 'Threshold of every feature at the start.',
    },
    tanhScale: {
      kind: 'number',
      label: 'c',
      default: 4,
      min: 0.01,
      max: 100,
      help: 'Steepness of the tanh penalty.',
    },
    ...COMMON_FIELDS,
    lr: TRAVEL_LR,
    dead: deadField(['none', 'resample'], 'none'),
  },
  lossTerms: ['mse', 'penalty'],
  presets: [
    { title: 'L0 penalty', config: {} },
    { title: 'tanh penalty', config: { penalty: 'tanh', unitNorm: false } },
  ],
  step: 'sparse',
  wholeBatch: true,
  theta: 'trained',
  slots: (_, d_sae) => d_sae,
  state: (_, { d_sae }) => trained('theta', [d_sae]),
  scratch: (_, { d_sae }) => ({ ...penaltyScratch(d_sae), g_theta: [[d_sae], 'f32'] }),
  init: ({ gpu, cfg, space }) =>
    gpu.write(space.f32('theta'), new Float32Array(space.shape.d_sae).fill(cfg.thetaStart)),
  allocate: (rec, step) =>
    thresholdCode(rec, { pre_acts: step.pre_acts, code: step.code, theta: step.f32('theta') }),
  penalty: (cfg, step) => ({
    weight: weightOf(cfg, step),
    norms: true,
    kind: cfg.penalty,
    tanhScale: cfg.tanhScale,
  }),
  beforeUpdate: (rec, step) => {
    const weight = weightOf(step.cfg, step);
    thetaGradient(rec, {
      pre_acts: step.pre_acts,
      W_dec: step.params.W_dec,
      err: step.f32('err'),
      norm: step.f32('dec_norm'),
      theta: step.f32('theta'),
      g_theta: step.f32('g_theta'),
      window: {
        width: step.cfg.bandwidth,
        stepWeight: step.cfg.penalty === 'step' ? weight : 0,
        tanhWeight: step.cfg.penalty === 'tanh' ? weight : 0,
        tanhScale: step.cfg.tanhScale,
      },
    });
  },
  afterStep: (rec, step) =>
    adamEach(rec, {
      param: { w: step.f32('theta'), m: step.f32('theta.m'), v: step.f32('theta.v') },
      g_theta: step.f32('g_theta'),
      scalars: step.f32('scalars'),
      row_norm: step.f32('row_norm'),
      adam: step.adam,
    }),
  autoLr: travelLr,
  fresh: (cfg) => ({ theta: cfg.thetaStart }),
  figures: ['penalty'],
  actRule: () => ({ kind: 'threshold' }),
};
