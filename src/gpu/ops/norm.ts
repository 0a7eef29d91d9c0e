import { dims } from '#base/dims.ts';
import { ceilDiv } from '#base/num.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import reduce from '#shaders/lib/reduce.wgsl?raw';
import source from '#shaders/transformer/norm.wgsl?raw';
import paramsSource from '#shaders/transformer/norm_params.wgsl?raw';
import { defineKernel } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';
import { laneGrid, rowLanes } from './grid.ts';

type F = Tensor<'f32'>;

export const normKernel = defineKernel({
  name: 'transformer/norm/forward',
  source,
  lib: [flatId, reduce],
  entry: 'forward',
  tensors: ['x', 'gain', 'bias', 'y', 'mean', 'rstd'],
  params: ['n', 'd', 'eps', 'accumulate'],
  constants: { LANES: 64 },
  grid: ({ n }, { LANES }) => laneGrid(n, LANES),
  doc: 'y = (x − mean)·rstd·gain + bias by rows; saves mean and rstd. Ba et al. 2016, arXiv 1607.06450.',
});
export const normBackwardKernel = defineKernel({
  name: 'transformer/norm/backward',
  source,
  lib: [flatId, reduce],
  entry: 'backward',
  tensors: ['x', 'gain', 'saved_mean', 'saved_rstd', 'd_y', 'd_x'],
  params: ['n', 'd', 'eps', 'accumulate'],
  constants: { LANES: 64 },
  grid: ({ n }, { LANES }) => laneGrid(n, LANES),
  doc: 'd_x (+)= rstd·(g − mean(g) − x̂·mean(g·x̂)), g = d_y·gain, x̂ = (x − mean)·rstd.',
});
export const normParamsKernel = defineKernel({
  name: 'transformer/norm_params',
  source: paramsSource,
  lib: [flatId, reduce],
  tensors: ['x', 'mean', 'rstd', 'd_y', 'd_gain', 'd_bias'],
  params: ['n', 'd', 'accumulate'],
  grid: ({ d }) => [ceilDiv(d, 64)],
  doc: 'd_gain (+)= Σ_n d_y·x̂, d_bias (+)= Σ_n d_y.',
});

/**
 * y = (x − mean)·rstd·gain + bias by rows; rstd = 1/√(var + eps), var divided by d. x, y [n, d]; gain, bias [d]; mean, rstd [n].
 * y is TransformerLens's `hook_normalized` (its LayerNorm applies w and b before that hook).
 */
export function layerNorm(
  rec: Recorder,
  t: { x: F; gain: F; bias: F; y: F; mean: F; rstd: F; eps: number },
): void {
  const { x, gain, bias, y, mean, rstd } = t;
  const { n, d } = dims('layerNorm', {
    ...{ x: [x, 'n d'], gain: [gain, 'd'], bias: [bias, 'd'], y: [y, 'n d'] },
    ...{ mean: [mean, 'n'], rstd: [rstd, 'n'] },
  });
  rec.run(normKernel, {
    tensors: { x, gain, bias, y, mean, rstd },
    params: { n, d, eps: t.eps, accumulate: 0 },
    constants: rowLanes(rec),
  });
}

/** d_x (+)= rstd·(g − mean(g) − x̂·mean(g·x̂)), g = d_y·gain, x̂ = (x − mean)·rstd. Shapes as in the forward pass. */
export function layerNormBackward(
  rec: Recorder,
  t: { x: F; gain: F; mean: F; rstd: F; d_y: F; d_x: F; accumulate?: boolean },
): void {
  const { x, gain, mean, rstd, d_y, d_x } = t;
  const { n, d } = dims('layerNormBackward', {
    ...{ x: [x, 'n d'], gain: [gain, 'd'], mean: [mean, 'n'], rstd: [rstd, 'n'] },
    ...{ d_y: [d_y, 'n d'], d_x: [d_x, 'n d'] },
  });
  rec.run(normBackwardKernel, {
    tensors: { x, gain, saved_mean: mean, saved_rstd: rstd, d_y, d_x },
    params: { n, d, eps: 0, accumulate: t.accumulate ? 1 : 0 },
    constants: rowLanes(rec),
  });
}

/** d_gain (+)= Σ_n d_y·x̂; d_bias (+)= Σ_n d_y. Rows are summed in ascending order. */
export function layerNormParamGrads(
  rec: Recorder,
  t: { x: F; mean: F; rstd: F; d_y: F; d_gain: F; d_bias: F; accumulate?: boolean },
): void {
  const { x, mean, rstd, d_y, d_gain, d_bias } = t;
  const { n, d } = dims('layerNormParamGrads', {
    ...{ x: [x, 'n d'], mean: [mean, 'n'], rstd: [rstd, 'n'], d_y: [d_y, 'n d'] },
    ...{ d_gain: [d_gain, 'd'], d_bias: [d_bias, 'd'] },
  });
  rec.run(normParamsKernel, {
    tensors: { x, mean, rstd, d_y, d_gain, d_bias },
    params: { n, d, accumulate: t.accumulate ? 1 : 0 },
  });
}
