import { makeRng } from '#base/rng.ts';
import type { ResolvedJob } from './job.ts';
import type { Run } from './run.ts';
import type { SaeHost } from './variant.ts';

/** Steps (1-based, ascending) before which a run does work on the CPU. */
export function hostStepsOf(r: ResolvedJob): readonly number[] {
  const { d_in, d_sae, batch } = r.shape;
  const steps = r.variant.hostSteps?.(r.cfg, { d_in, d_sae, batch, steps: r.steps }) ?? [];
  return steps.filter((s) => s >= 1 && s <= r.steps);
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

/** Runs what is due before the next step; nothing may be in flight. */
export async function runHostStep(run: Run, signal: AbortSignal): Promise<void> {
  await run.variant.beforeStep?.(hostOf(run, signal), run.step + 1);
  run.hosted = run.step + 1;
  run.lastArrival = performance.now();
}
