import { dims } from '#base/dims.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import reduce from '#shaders/lib/reduce.wgsl?raw';
import source from '#shaders/transformer/cross_entropy.wgsl?raw';
import { defineKernel } from '../kernel.ts';
import type { Recorder } from '../recorder.ts';
import type { Tensor } from '../tensor.ts';
import { flatGrid, laneGrid, rowLanes } from './grid.ts';

type F = Tensor<'f32'>;

const shared = { source, lib: [flatId, reduce], params: ['n', 'v'] } as const;

export const crossEntropyKernel = defineKernel({
  ...shared,
  name: 'transformer/cross_entropy/forward',
  entry: 'forward',
  tensors: ['logits', 'targets', 'nats', 'lse'],
  constants: { LANES: 64 },
  grid: ({ n }, { LANES }) => laneGrid(n, LANES),
  doc: 'nats[n] = log Σ_v exp(logits[n, v]) − logits[n, targets[n]].',
});
export const crossEntropyBackwardKernel = defineKernel({
  ...shared,
  name: 'transformer/cross_entropy/backward',
  entry: 'backward',
  tensors: ['logits', 'targets', 'weights', 'saved_lse', 'd_logits'],
  grid: ({ n, v }) => flatGrid(n * v),
  doc: 'd_logits = weights·(softmax − onehot).',
});
export const entropyKernel = defineKernel({
  ...shared,
  name: 'transformer/cross_entropy/entropy',
  entry: 'entropy',
  tensors: ['logits', 'out'],
  constants: { LANES: 64 },
  grid: ({ n }, { LANES }) => laneGrid(n, LANES),
  doc: 'out[n] = −Σ_v p·log p, in nats.',
});
export const klKernel = defineKernel({
  ...shared,
  name: 'transformer/cross_entropy/kl',
  entry: 'kl',
  tensors: ['logits', 'q_logits', 'out'],
  constants: { LANES: 64 },
  grid: ({ n }, { LANES }) => laneGrid(n, LANES),
  doc: 'out[n] = Σ_v p·(log p − log q), in nats.',
});

/**
 * lse[n] = log Σ_v exp(logits[n, v]); nats[n] = lse[n] − logits[n, targets[n]], natural logarithm.
 * A target >= d_vocab (0xffffffff) means "none": nats 0, gradient 0. logits [n, d_vocab]; targets, nats, lse [n].
 */
export function crossEntropy(rec: Recorder, t: { logits: F; targets: Tensor<'u32'>; nats: F; lse: F }): void {
  const { logits, targets, nats, lse } = t;
  const { n, v } = dims('crossEntropy', {
    ...{ logits: [logits, 'n v'], targets: [targets, 'n'], nats: [nats, 'n'], lse: [lse, 'n'] },
  });
  rec.run(crossEntropyKernel, {
    tensors: { logits, targets, nats, lse },
    params: { n, v },
    constants: rowLanes(rec),
  });
}

/** d_logits[n, v] = weights[n]·(exp(logits[n, v] − lse[n]) − [v = targets[n]]); lse from `crossEntropy`. */
export function crossEntropyBackward(
  rec: Recorder,
  t: { logits: F; targets: Tensor<'u32'>; weights: F; lse: F; d_logits: F },
): void {
  const { logits, targets, weights, lse, d_logits } = t;
  const { n, v } = dims('crossEntropyBackward', {
    ...{ logits: [logits, 'n v'], targets: [targets, 'n'], weights: [weights, 'n'] },
    ...{ lse: [lse, 'n'], d_logits: [d_logits, 'n v'] },
  });
  rec.run(crossEntropyBackwardKernel, {
    tensors: { logits, targets, weights, saved_lse: lse, d_logits },
    params: { n, v },
  });
}

/** kl[n] = Σ_v p·(log p − log q), p = softmax(p_logits), q = softmax(q_logits), in nats; logits [n, d_vocab]. */
export function klDivergence(rec: Recorder, t: { p_logits: F; q_logits: F; kl: F }): void {
  const { p_logits, q_logits, kl } = t;
  const { n, v } = dims('klDivergence', {
    ...{ p_logits: [p_logits, 'n v'], q_logits: [q_logits, 'n v'], kl: [kl, 'n'] },
  });
  rec.run(klKernel, {
    tensors: { logits: p_logits, q_logits, out: kl },
    params: { n, v },
    constants: rowLanes(rec),
  });
}

/** entropy[n] = −Σ_v p·log p of p = softmax(logits[n]), in nats. */
export function entropy(rec: Recorder, t: { logits: F; entropy: F }): void {
  const { n, v } = dims('entropy', { logits: [t.logits, 'n v'], entropy: [t.entropy, 'n'] });
  rec.run(entropyKernel, {
    tensors: { logits: t.logits, out: t.entropy },
    params: { n, v },
    constants: rowLanes(rec),
  });
}
