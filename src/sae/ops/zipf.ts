import { dims } from '#base/dims.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import source from '#shaders/sae/zipf.wgsl?raw';
import { type ZipfLaw, zipfShares } from './quotas.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

/** Weight of a step in the running densities: about the mean of the last thousand steps, or of all before. */
export const DENSITY_RATE = 1e-3;
/** What the running density after `steps` steps is multiplied by; 1 where there is none. */
export const densityUnbias = (steps: number): number =>
  steps > 0 ? 1 / (1 - (1 - DENSITY_RATE) ** steps) : 1;

const common = {
  source,
  lib: [flatId],
  params: ['n', 'rate', 'unbias', 's', 'q', 'unit'],
  constants: { D_SAE: 64 },
} as const;
const NO_LAW = { s: 0, q: 0, unit: 0 };

export const densityKernel = defineKernel({
  ...common,
  name: 'sae/zipf/density',
  entry: 'density',
  tensors: ['hits', 'density_sum'],
  grid: (_, { D_SAE }) => flatGrid(D_SAE),
  doc: 'Running share of tokens on which each feature fires.',
});
export const zipfGoalKernel = defineKernel({
  ...common,
  name: 'sae/zipf/goal',
  entry: 'goal',
  tensors: ['density_sum', 'pi'],
  grid: (_, { D_SAE }) => flatGrid(D_SAE),
  doc: 'The density that a Zipf-Mandelbrot law expects of each feature at its rank.',
});
export const zipfWeighKernel = defineKernel({
  ...common,
  name: 'sae/zipf/weigh',
  entry: 'weigh',
  tensors: ['pre_acts', 'density_sum', 'pi', 'weighed'],
  grid: ({ n }, { D_SAE }) => flatGrid(n * D_SAE),
  doc: 'Positive pre_acts times the under-use of their feature (aux_zipf, Ayonrinde 2024).',
});

/** density_sum [d_sae] after a step of n tokens with hits [d_sae]. */
export function runningDensity(rec: Recorder, t: { hits: U; density_sum: F; n: number }): void {
  const { d_sae } = dims('sae/zipf/density', {
    hits: [t.hits, 'd_sae'],
    density_sum: [t.density_sum, 'd_sae'],
  });
  rec.run(densityKernel, {
    tensors: { hits: t.hits, density_sum: t.density_sum },
    params: { n: t.n, rate: DENSITY_RATE, unbias: 1, ...NO_LAW },
    constants: { D_SAE: d_sae },
  });
}

/** pi [d_sae] with Σ pi = l0 before the cap at 1: expected density by rank of density_sum. Costs d_sae² comparisons. */
export function zipfGoal(rec: Recorder, t: { density_sum: F; pi: F; law: ZipfLaw; l0: number }): void {
  const { d_sae } = dims('sae/zipf/goal', { density_sum: [t.density_sum, 'd_sae'], pi: [t.pi, 'd_sae'] });
  const unit = t.l0 / zipfShares(t.law, d_sae).reduce((sum, v) => sum + v, 0);
  rec.run(zipfGoalKernel, {
    tensors: { density_sum: t.density_sum, pi: t.pi },
    params: { n: 0, rate: 0, unbias: 1, ...t.law, unit },
    constants: { D_SAE: d_sae },
  });
}

/** weighed [n, d_sae] = u·max(pre_acts, 0), with densities after `steps` steps. */
export function zipfWeigh(
  rec: Recorder,
  t: { pre_acts: F; density_sum: F; pi: F; weighed: F; steps: number },
): void {
  const { n, d_sae } = dims('sae/zipf/weigh', {
    pre_acts: [t.pre_acts, 'n d_sae'],
    weighed: [t.weighed, 'n d_sae'],
    density_sum: [t.density_sum, 'd_sae'],
    pi: [t.pi, 'd_sae'],
  });
  const { steps, ...tensors } = t;
  rec.run(zipfWeighKernel, {
    tensors,
    params: { n, rate: 0, unbias: densityUnbias(steps), ...NO_LAW },
    constants: { D_SAE: d_sae },
  });
}
