import { dims } from '#base/dims.ts';
import { defineKernel } from '#gpu/kernel.ts';
import { flatGrid } from '#gpu/ops/grid.ts';
import type { Recorder } from '#gpu/recorder.ts';
import type { Tensor } from '#gpu/tensor.ts';
import flatId from '#shaders/lib/flat_id.wgsl?raw';
import binsSource from '#shaders/sae/theta_bins.wgsl?raw';
import emaSource from '#shaders/sae/theta_ema.wgsl?raw';
import type { Named } from '../space.ts';

type F = Tensor<'f32'>;
type U = Tensor<'u32'>;

/** How thresholds are shared: one for all features, one a feature, or trained by the step; absent: none. */
export type ThetaKind = 'shared' | 'each' | 'trained' | undefined;

/** 1 − 0.999: the weight of a step in the running mean (dictionary_learning's BatchTopK). */
export const THETA_RATE = 1e-3;
/** First bin's lower edge and octaves of theta_bins.wgsl. */
const LOWEST = 2 ** -20;
const OCTAVES = 32;
/** log2 of the bins of an octave: 0.05 % wide where all features share them, 6 % where each has its own. */
const FINENESS = { shared: 11, each: 4 } as const;
const binsOf = (kind: 'shared' | 'each'): number => OCTAVES << FINENESS[kind];

/** What checkpoints keep of thresholds: theta [d_sae] as inference takes it, and the running sums behind it. */
export function thetaState(kind: ThetaKind, d_sae: number): Named {
  if (kind !== 'shared' && kind !== 'each') return {};
  return {
    theta: [[d_sae], 'f32'],
    theta_sum: [[d_sae], 'f32'],
    theta_weight: [[d_sae], 'f32'],
  };
}

/** Bins of the calibration pass. */
export function thetaScratch(kind: ThetaKind, d_sae: number): Named {
  if (kind !== 'shared' && kind !== 'each') return {};
  return { theta_bins: [[kind === 'each' ? d_sae : 1, binsOf(kind)], 'u32'] };
}

const ema = {
  source: emaSource,
  lib: [flatId],
  tensors: ['start', 'hits', 'pairs', 'theta', 'theta_sum', 'theta_weight'],
  params: ['d_sae', 'rate'],
  constants: { T: 64 },
} as const;
export const thetaSharedKernel = defineKernel({
  ...ema,
  name: 'sae/theta_ema/shared_by_all',
  entry: 'shared_by_all',
  grid: () => [1],
  doc: 'Running mean of the smallest act that a batch kept: one threshold for all features (BatchTopK, Bussmann 2024).',
});
export const thetaEachKernel = defineKernel({
  ...ema,
  name: 'sae/theta_ema/each',
  entry: 'each',
  grid: ({ d_sae }) => flatGrid(d_sae),
  doc: "Running mean of each feature's smallest kept act (Feature Choice, Ayonrinde 2024).",
});

/** theta [d_sae] after one more step, from the pairs by feature; the first hits[f] pairs of f are the batch's. */
export function thetaEma(
  rec: Recorder,
  t: { kind: 'shared' | 'each'; start: U; hits: U; pairs: U; theta: F; theta_sum: F; theta_weight: F },
): void {
  const { kind, ...tensors } = t;
  const { d_sae } = dims('sae/theta_ema', {
    hits: [t.hits, 'd_sae'],
    theta: [t.theta, 'd_sae'],
    theta_sum: [t.theta_sum, 'd_sae'],
    theta_weight: [t.theta_weight, 'd_sae'],
  });
  rec.run(kind === 'shared' ? thetaSharedKernel : thetaEachKernel, {
    tensors,
    params: { d_sae, rate: THETA_RATE },
    constants: { T: rec.caps.class === 'software' ? 16 : 256 },
  });
}

export const thetaBinsKernel = defineKernel({
  name: 'sae/theta_bins',
  source: binsSource,
  lib: [flatId],
  tensors: ['pre_acts', 'bins'],
  params: ['n'],
  constants: { D_SAE: 64, SHIFT: 12, BINS: 65536, EACH: 0 },
  grid: ({ n }, { D_SAE }) => flatGrid(n * D_SAE),
  doc: 'Histogram of positive pre_acts by their float bits, for thresholds at a wanted L0.',
});

/** Adds the positive pre_acts [n, d_sae] to bins [1 or d_sae, …], which begin at zero. */
export function thetaBins(rec: Recorder, t: { kind: 'shared' | 'each'; pre_acts: F; bins: U }): void {
  const { n, d_sae } = dims('sae/theta_bins', { pre_acts: [t.pre_acts, 'n d_sae'] });
  const BINS = binsOf(t.kind);
  rec.run(thetaBinsKernel, {
    tensors: { pre_acts: t.pre_acts, bins: t.bins },
    params: { n },
    constants: { D_SAE: d_sae, SHIFT: 23 - FINENESS[t.kind], BINS, EACH: t.kind === 'each' ? 1 : 0 },
  });
}

/** Lower edge of bin b; float bits grow linearly within an octave. */
const edge = (b: number, perOctave: number): number =>
  LOWEST * 2 ** Math.floor(b / perOctave) * (1 + (b % perOctave) / perOctave);

/** The threshold above which `target` of the counted values lie, linear within a bin; 0 when no more are positive. */
export function thetaAt(bins: Uint32Array, kind: 'shared' | 'each', target: number): number {
  const perOctave = 1 << FINENESS[kind];
  let above = 0;
  for (let b = bins.length - 1; b >= 0; b--) {
    const count = bins[b] as number;
    if (above + count > target) {
      const high = edge(b + 1, perOctave);
      return high - (high - edge(b, perOctave)) * Math.max(0, (target - above) / count);
    }
    above += count;
  }
  return 0;
}

/**
 * theta [d_sae] that keeps `total` of the counted values. 'each': feature f keeps a share of weights[f] of them; what
 * features with too few positive values leave goes to the others in proportion.
 */
export function thetaFromBins(
  bins: Uint32Array,
  kind: 'shared' | 'each',
  d_sae: number,
  total: number,
  weights: ArrayLike<number> = [],
): Float32Array<ArrayBuffer> {
  if (kind === 'shared') return new Float32Array(d_sae).fill(thetaAt(bins, kind, total));
  const width = binsOf(kind);
  const own = Array.from({ length: d_sae }, (_, f) => bins.subarray(f * width, (f + 1) * width));
  const positive = own.map((b) => b.reduce((sum, count) => sum + count, 0));
  const kept = (c: number): number =>
    positive.reduce((sum, most, f) => sum + Math.min(most, c * (weights[f] ?? 0)), 0);
  const sum = Array.from(weights).reduce((a, b) => a + b, 0);
  let [low, high] = [0, (2 ** 20 * total) / Math.max(sum, 1e-30)];
  for (let i = 0; i < 64; i++) {
    const middle = (low + high) / 2;
    if (kept(middle) < total) low = middle;
    else high = middle;
  }
  return Float32Array.from(own, (b, f) => thetaAt(b, kind, high * (weights[f] ?? 0)));
}
