import { dims } from '#base/dims.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/sae/theta_train.wgsl?raw';
import type { AdamStep, Moments } from './adam.ts';

type F = Tensor<'f32'>;

const ADAM = ['lr', 'beta1', 'rest1', 'beta2', 'rest2', 'c1', 'c2', 'eps'] as const;
const common = {
  source,
  lib: [flatId],
  params: ['n', 'width', 'step_weight', 'tanh_weight', 'scale', ...ADAM],
  constants: { D4: 16, D_SAE: 64 },
  grid: (_: unknown, { D_SAE }: { readonly D_SAE: number }) => flatGrid(D_SAE),
} as const;

export const thetaGradientKernel = defineKernel({
  ...common,
  name: 'sae/theta_train/gradient',
  entry: 'gradient',
  tensors: ['pre_acts', 'W_dec', 'err', 'norm', 'theta', 'g_theta'],
  doc: 'Straight-through gradient of thresholds (JumpReLU, Rajamanoharan 2024).',
});
export const thetaAdamKernel = defineKernel({
  ...common,
  name: 'sae/theta_train/adam',
  entry: 'adam',
  tensors: ['theta', 'g_theta', 'scalars', 'm', 'v', 'row_norm'],
  doc: 'Adam on one number of each feature (thresholds, a gate); its gradient counts for clipping.',
});

/** Weights of the penalties, each lambda ÷ n or 0, and the window's width. */
export interface ThetaWindow {
  readonly width: number;
  readonly stepWeight: number;
  readonly tanhWeight: number;
  readonly tanhScale: number;
}
const NO_ADAM = { lr: 0, beta1: 0, rest1: 0, beta2: 0, rest2: 0, c1: 0, c2: 0, eps: 0 };

/** g_theta [d_sae] from pre_acts [n, d_sae], err [≥ n, d_pad], W_dec [d_sae, d_pad] and its row norms. */
export function thetaGradient(
  rec: Recorder,
  t: { pre_acts: F; W_dec: F; err: F; norm: F; theta: F; g_theta: F; window: ThetaWindow },
): void {
  const { n, d_sae, d_pad } = dims('sae/theta_train', {
    pre_acts: [t.pre_acts, 'n d_sae'],
    W_dec: [t.W_dec, 'd_sae d_pad'],
    norm: [t.norm, 'd_sae'],
    theta: [t.theta, 'd_sae'],
    g_theta: [t.g_theta, 'd_sae'],
  });
  const { window: w, ...tensors } = t;
  const weights = {
    width: w.width,
    step_weight: w.stepWeight,
    tanh_weight: w.tanhWeight,
    scale: w.tanhScale,
  };
  rec.run(thetaGradientKernel, {
    tensors,
    params: { n, ...weights, ...NO_ADAM },
    constants: { D4: d_pad / 4, D_SAE: d_sae },
  });
}

/** Adam on one number of each feature, theta or another [d_sae]; row_norm [≥ d_sae] += g². */
export function adamEach(
  rec: Recorder,
  t: { param: Moments; g_theta: F; scalars: F; row_norm: F; adam: AdamStep },
): void {
  const { d_sae } = dims('sae/theta_train', { g_theta: [t.g_theta, 'd_sae'], theta: [t.param.w, 'd_sae'] });
  rec.run(thetaAdamKernel, {
    tensors: {
      theta: t.param.w,
      m: t.param.m,
      v: t.param.v,
      g_theta: t.g_theta,
      scalars: t.scalars,
      row_norm: t.row_norm,
    },
    params: { n: 0, width: 1, step_weight: 0, tanh_weight: 0, scale: 0, ...t.adam },
    constants: { D4: 1, D_SAE: d_sae },
  });
}
