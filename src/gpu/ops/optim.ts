import { dims } from '#base/dims.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/optim/adam.wgsl?raw';
import { defineKernel } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';
import { elementWindows, flatGrid, sameSize, windowOf } from './grid.ts';
import { reduceAll } from './reduce.ts';

type F = Tensor<'f32'>;

export interface AdamConfig {
  readonly lr: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** AdamW: p −= lr·weightDecay·p before the update. 0 is plain Adam. */
  readonly weightDecay: number;
}

const params = [
  ...(['n', 'has_clip', 'lr', 'beta1', 'one_minus_beta1', 'beta2', 'one_minus_beta2'] as const),
  ...(['m_scale', 'v_scale', 'eps', 'decay', 'max_norm'] as const),
] as const;

export const adamKernel = defineKernel({
  name: 'optim/adam',
  source,
  lib: [flatId],
  tensors: ['p', 'm', 'v', 'g', 'saved_clip'],
  params,
  grid: ({ n }) => flatGrid(n),
  doc: 'Fused AdamW step with clipping read on the GPU. arXiv 1412.6980, 1711.05101.',
});
export const clipFactorKernel = defineKernel({
  name: 'optim/adam/clip_factor',
  source,
  lib: [flatId],
  entry: 'clip_factor',
  tensors: ['norm', 'clip'],
  params,
  grid: () => [1],
  doc: 'clip = min(1, max_norm / norm).',
});
/** Values of the fields that clip_factor does not read. */
const UNUSED = {
  ...{ n: 0, has_clip: 0, lr: 0, beta1: 0, one_minus_beta1: 0, beta2: 0, one_minus_beta2: 0 },
  ...{ m_scale: 0, v_scale: 0, eps: 0, decay: 0 },
} as const;

/** norm[0] = √Σ g² over all tensors; fixed order. partials: scratch [partialsLength(gs.length)] of ./reduce.ts. */
export function globalNorm(
  rec: Recorder,
  t: { gs: readonly F[]; partials: F; norm: F; maxBindingBytes?: number },
): void {
  const limit = t.maxBindingBytes === undefined ? {} : { maxBindingBytes: t.maxBindingBytes };
  reduceAll(rec, { xs: t.gs, of: 'sum_squares', root: true, partials: t.partials, out: t.norm, ...limit });
}

/** clip[0] = min(1, maxNorm / norm[0]); 1 for a norm of 0. */
export function clipFactor(rec: Recorder, t: { norm: F; clip: F; maxNorm: number }): void {
  const { norm, clip } = t;
  dims('clipFactor', { norm: [norm, '1'], clip: [clip, '1'] });
  rec.run(clipFactorKernel, { tensors: { norm, clip }, params: { ...UNUSED, max_norm: t.maxNorm } });
}

/**
 * One AdamW step, fused. g ← clip·g; m ← β1·m + (1−β1)·g; v ← β2·v + (1−β2)·g²;
 * p ← p − lr·weightDecay·p − lr·(m / (1−β1^step)) / (√(v / (1−β2^step)) + eps).
 *
 * p, m, v, g of one size, in windows where they exceed the binding limit; step counts from 1; clip [1] is read on the
 * GPU when given.
 * Kingma & Ba 2015, arXiv 1412.6980; Loshchilov & Hutter 2019, arXiv 1711.05101.
 */
export function adam(
  rec: Recorder,
  t: { p: F; m: F; v: F; g: F; clip?: F; step: number; maxBindingBytes?: number } & AdamConfig,
): void {
  const { p, m, v, g, clip, step, lr, beta1, beta2, eps } = t;
  const n = sameSize('adam', { p, m, v, g });
  if (clip) dims('adam', { clip: [clip, '1'] });
  const params = {
    ...{ has_clip: clip ? 1 : 0, lr, beta1, one_minus_beta1: 1 - beta1 },
    ...{ beta2, one_minus_beta2: 1 - beta2, eps, decay: t.weightDecay, max_norm: 0 },
    ...{ m_scale: 1 / (1 - beta1 ** step), v_scale: 1 / (1 - beta2 ** step) },
  };
  for (const w of elementWindows(n, t.maxBindingBytes ?? rec.caps.maxBindingBytes)) {
    const part = { p: windowOf(p, w), m: windowOf(m, w), v: windowOf(v, w), g: windowOf(g, w) };
    // A binding must exist: without clipping, g stands in and is not read through it.
    rec.run(adamKernel, {
      tensors: { ...part, saved_clip: clip ?? part.g },
      params: { ...params, n: w.count },
    });
  }
}
