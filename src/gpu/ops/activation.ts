import activationLib from '#shaders/lib/activation.wgsl?raw';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/transformer/mlp_act.wgsl?raw';
import { defineKernel } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';
import { flatGrid, sameSize } from './grid.ts';

type F = Tensor<'f32'>;
/** Names as in a Hugging Face config; the same union as `Activation` of #model/config.ts. */
export type ActivationName = 'gelu' | 'gelu_new' | 'relu' | 'silu' | 'tanh' | 'quick_gelu';

/** Kinds of lib/activation.wgsl. */
const KINDS = { gelu: 0, gelu_new: 1, relu: 2, silu: 3, tanh: 4, quick_gelu: 5 } as const satisfies Record<
  ActivationName,
  number
>;

export const activationKernel = defineKernel({
  name: 'transformer/mlp_act/forward',
  source,
  lib: [flatId, activationLib],
  entry: 'forward',
  tensors: ['x', 'y'],
  params: ['n'],
  constants: { ACT: 0 },
  grid: ({ n }) => flatGrid(n),
  doc: 'y = act(x) for gelu (erf by series and Chebyshev fit, error <= 2e-7), gelu_new, relu, silu, tanh, quick_gelu.',
});
export const activationBackwardKernel = defineKernel({
  name: 'transformer/mlp_act/backward',
  source,
  lib: [flatId, activationLib],
  entry: 'backward',
  tensors: ['x', 'd_y', 'd_x'],
  params: ['n'],
  constants: { ACT: 0 },
  grid: ({ n }) => flatGrid(n),
  doc: 'd_x = d_y·act′(x).',
});

/** y = act(x), elementwise over tensors of one size. */
export function activate(rec: Recorder, t: { act: ActivationName; x: F; y: F }): void {
  const { x, y } = t;
  const n = sameSize('activate', { x, y });
  rec.run(activationKernel, { tensors: { x, y }, params: { n }, constants: { ACT: KINDS[t.act] } });
}

/** d_x = d_y·act′(x), x being the forward pass's input. */
export function activateBackward(rec: Recorder, t: { act: ActivationName; x: F; d_y: F; d_x: F }): void {
  const { x, d_y, d_x } = t;
  const n = sameSize('activateBackward', { x, d_y, d_x });
  rec.run(activationBackwardKernel, {
    tensors: { x, d_y, d_x },
    params: { n },
    constants: { ACT: KINDS[t.act] },
  });
}
