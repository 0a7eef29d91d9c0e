import type { Recorder } from '#gpu/recorder.ts';
import { type Tensor, view } from '#gpu/tensor.ts';
import type { SaeConfig } from './config.ts';
import { selectTopk } from './ops/select.ts';
import { runningDensity, zipfGoal, zipfWeigh } from './ops/zipf.ts';
import type { StepSpace } from './space.ts';
import type { SaeStep } from './variant.ts';

/** The entries of the auxiliary loss, on the code's rows after the batch's. */
export function selectAux(rec: Recorder, space: StepSpace, step: SaeStep, deadLimit: number): void {
  const { batch, slots, k_aux, zipf } = space.shape;
  const { pre_acts, chunk } = step;
  // While the first window is not over nothing counts as under-used, as nothing counts as dead.
  const byUse = zipf && deadLimit > 0;
  selectTopk(rec, {
    score: byUse ? weighByUse(rec, space, step) : pre_acts,
    pre_acts,
    code: space.code,
    k: k_aux,
    fromRow: batch + chunk.from,
    fromEntry: batch * slots + chunk.from * k_aux,
    dead: byUse
      ? undefined
      : { last_fired: space.u32('last_fired'), limit: deadLimit, scalars: space.f32('scalars') },
  });
}

/** Expected densities change slowly, and cost d_sae² comparisons. */
const GOAL_STEPS = 16;

/** Positive pre_acts of a chunk, weighed by how much less their features fire than a Zipf law expects. */
function weighByUse(rec: Recorder, space: StepSpace, step: SaeStep): Tensor<'f32'> {
  const weighed = view(space.f32('weighed'), { shape: step.pre_acts.shape });
  const use = { density_sum: space.f32('density_sum'), pi: space.f32('pi') };
  zipfWeigh(rec, { pre_acts: step.pre_acts, ...use, weighed, steps: step.step - 1 });
  return weighed;
}

/** Running densities after a step, and the densities expected of the next ones. */
export function updateDensities(rec: Recorder, space: StepSpace, cfg: SaeConfig, step: number): void {
  const { batch: n, slots, density, zipf } = space.shape;
  if (!density) return;
  const density_sum = space.f32('density_sum');
  runningDensity(rec, { hits: space.u32('hits'), density_sum, n });
  if (zipf && step % GOAL_STEPS === 1)
    zipfGoal(rec, { density_sum, pi: space.f32('pi'), law: { s: cfg.zipfS, q: cfg.zipfQ }, l0: slots });
}
