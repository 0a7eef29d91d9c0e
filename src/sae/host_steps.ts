import { makeRng } from '#base/rng.ts';
import type { ResolvedJob } from './job.ts';
import { resampleBefore, resampleHostSteps } from './resample.ts';
import type { Run, SaeTrainEvent } from './run.ts';
import type { SaeHost } from './variant.ts';

/** Steps (1-based, ascending) before which a run does work on the CPU. */
export function hostStepsOf(r: ResolvedJob): readonly number[] {
  const all = new Set([...variantSteps(r), ...resampleHostSteps(r)]);
  return [...all].filter((s) => s >= 1 && s <= r.steps).sort((a, b) => a - b);
}

function variantSteps(r: ResolvedJob): readonly number[] {
  const { d_in, d_sae, batch } = r.shape;
  return r.variant.hostSteps?.(r.cfg, { d_in, d_sae, batch, steps: r.steps }) ?? [];
}

/** Steps that may be submitted together after `step`: up to the next one with work on the CPU before it. */
export function stepsUntilHost(run: Run): number {
  const next = run.hostSteps.find((s) => s > run.step + 1);
  return (next ?? run.steps + 1) - 1 - run.step;
}

/** True when the next step has work on the CPU before it that is not done. */
export const hostStepDue = (run: Run): boolean =>
  run.hosted !== run.step + 1 && run.hostSteps.includes(run.step + 1);

export function hostOf(run: Run, signal: AbortSignal): SaeHost {
  return {
    gpu: run.gpu,
    cfg: run.cfg,
    space: run.space,
    steps: run.steps,
    scale: run.scale,
    rng: makeRng(run.job.seed).fork(`host/${run.step + 1}`),
    next: (n) => run.source.next(n, signal),
  };
}

/** Runs what is due before the next step; nothing may be in flight. An event when features were resampled. */
export async function runHostStep(run: Run, signal: AbortSignal): Promise<SaeTrainEvent | undefined> {
  const step = run.step + 1;
  const host = hostOf(run, signal);
  if (variantSteps(run).includes(step)) await run.variant.beforeStep?.(host, step);
  const features = await resampleBefore(run, step, host.rng.fork('resample'), signal);
  run.hosted = step;
  run.lastArrival = performance.now();
  if (features === undefined) return undefined;
  return { type: 'resampled', step: run.step, tokens: run.step * run.shape.batch, features };
}
