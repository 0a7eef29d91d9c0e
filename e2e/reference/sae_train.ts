// The TopK run of record in f64: project -> clip by the previous step's norm -> Adam -> renormalise. Never tuned.
import { chooseRef, gradsRef, lossRef, type SaeRefConfig, type SaeRefParams } from './sae.ts';

export interface RefTrainConfig extends SaeRefConfig {
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** 0: off. */
  readonly clip: number;
  readonly unitNorm: boolean;
  /** Steps without a firing after which a feature is dead. */
  readonly deadSteps: number;
}
export interface RefState {
  readonly w: SaeRefParams;
  readonly m: SaeRefParams;
  readonly v: SaeRefParams;
  readonly lastFired: Float64Array;
  factor: number;
  step: number;
}
export interface RefMetrics {
  readonly mse: number;
  readonly aux: number;
  readonly l0: number;
  readonly norm: number;
  readonly dead: number;
}

const NAMES = ['W_enc', 'b_enc', 'W_dec', 'b_dec'] as const;

const mapParams = (w: SaeRefParams, fn: (a: Float64Array) => Float64Array): SaeRefParams => ({
  W_enc: fn(w.W_enc),
  b_enc: fn(w.b_enc),
  W_dec: fn(w.W_dec),
  b_dec: fn(w.b_dec),
});

export function refState(w: SaeRefParams, c: { d_sae: number }): RefState {
  const zeros = (): SaeRefParams => mapParams(w, (a) => new Float64Array(a.length));
  return {
    w: mapParams(w, (a) => Float64Array.from(a)),
    m: zeros(),
    v: zeros(),
    lastFired: new Float64Array(c.d_sae),
    factor: 1,
    step: 0,
  };
}

/** G −= (G·d) d for every row. */
function project(g: Float64Array, w: Float64Array, d: number): void {
  for (let at = 0; at < g.length; at += d) {
    let along = 0;
    for (let i = 0; i < d; i++) along += g[at + i]! * w[at + i]!;
    for (let i = 0; i < d; i++) g[at + i]! -= along * w[at + i]!;
  }
}

function renormalise(w: Float64Array, d: number): void {
  for (let at = 0; at < w.length; at += d) {
    let sum = 0;
    for (let i = 0; i < d; i++) sum += w[at + i]! ** 2;
    for (let i = 0; i < d; i++) w[at + i]! /= Math.sqrt(sum);
  }
}

function adamRef(s: RefState, g: SaeRefParams, lr: number, c: RefTrainConfig): void {
  for (const name of NAMES) {
    const [w, m, v] = [s.w[name], s.m[name], s.v[name]];
    for (let i = 0; i < w.length; i++) {
      const gi = s.factor * g[name][i]!;
      m[i] = c.beta1 * m[i]! + (1 - c.beta1) * gi;
      v[i] = c.beta2 * v[i]! + (1 - c.beta2) * gi * gi;
      w[i]! -=
        (lr * (m[i]! / (1 - c.beta1 ** s.step))) / (Math.sqrt(v[i]! / (1 - c.beta2 ** s.step)) + c.eps);
    }
  }
}

/** One step on x [n, d_in]; the state moves on. */
export function trainStepRef(s: RefState, x: ArrayLike<number>, lr: number, c: RefTrainConfig): RefMetrics {
  s.step++;
  const dead = (f: number): boolean => s.lastFired[f]! < s.step - c.deadSteps;
  const choice = chooseRef(x, s.w, c, dead);
  const { mse, aux } = lossRef(x, s.w, c, choice);
  const g = gradsRef(x, s.w, c, choice);
  if (c.unitNorm) project(g.W_dec, s.w.W_dec, c.d_in);
  let norm = 0;
  for (const name of NAMES) for (const gi of g[name]) norm += gi * gi;
  norm = Math.sqrt(norm);
  adamRef(s, g, lr, c);
  if (c.unitNorm) renormalise(s.w.W_dec, c.d_in);
  for (const e of choice.entries) s.lastFired[e.f] = s.step;
  s.factor = c.clip > 0 && norm > c.clip ? c.clip / norm : 1;
  const after = s.lastFired.filter((at) => at < s.step + 1 - c.deadSteps).length;
  return { mse, aux, l0: choice.entries.length / c.n, norm: c.clip > 0 ? norm : 0, dead: after };
}
