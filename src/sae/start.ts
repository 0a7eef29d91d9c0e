import { WorkbenchError } from '#base/errors.ts';
import { makeRng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import type { Readback } from '#gpu/readback.ts';
import { type Checkpoint, restoreState } from './checkpoint.ts';
import { deadSteps } from './dead.ts';
import { hostOf, hostStepsOf } from './host_steps.ts';
import { initState, measureInput } from './init.ts';
import type { ResolvedJob } from './job.ts';
import { checkResume } from './resume.ts';
import type { Run } from './run.ts';
import type { ActivationSource } from './sae.ts';
import type { StepShape, StepSpace } from './space.ts';

export interface RunOptions {
  readonly resume?: Checkpoint | undefined;
  readonly branch?: boolean | undefined;
  readonly maxStepsPerSubmit?: number | undefined;
  readonly metricsSeconds?: number | undefined;
}

/** Steps whose rows fit in 64 MiB, which the source holds for one submit. */
const stepsOfRows = ({ batch, d_in }: StepShape): number =>
  Math.max(1, Math.floor((64 * 2 ** 20) / (4 * batch * d_in)));

/** Fresh or resumed state in the buffers of `space`. */
export async function startRun(
  gpu: Gpu,
  resolved: ResolvedJob,
  source: ActivationSource,
  space: StepSpace,
  ring: Readback,
  signal: AbortSignal,
  options: RunOptions,
): Promise<{ run: Run; warning: WorkbenchError | undefined }> {
  const { job, shape, cfg, variant } = resolved;
  const { resume, branch = false } = options;
  if (variant.needsGradient?.(cfg) && !source.hasGradient)
    throw new WorkbenchError(
      'format',
      `${variant.title} needs the model's gradient, and this source has none.`,
      {
        hint: 'Train at a hook of a loaded model, or choose a variant without gradients.',
      },
    );
  let warning: WorkbenchError | undefined;
  let scale = 1;
  if (resume) {
    warning = checkResume(resume.meta, resolved, gpu, branch);
    restoreState(gpu, space, resume);
    scale = resume.meta.scale;
  } else {
    const stats = await measureInput(gpu, source, job, signal);
    if (!stats)
      throw new WorkbenchError(
        'format',
        `Training: the corpus has fewer than one batch of ${job.batch} tokens.`,
        {
          hint: 'Choose a longer corpus or a smaller batch.',
        },
      );
    scale = cfg.scaleInput ? stats.scale : 1;
    const b_dec = stats.mean.map((v) => v * scale);
    initState(gpu, space, makeRng(job.seed), b_dec);
  }
  const kernels = resume?.meta.kernels ?? { class: gpu.caps.class, chunkRows: space.chunkRows };
  const run: Run = {
    ...resolved,
    gpu,
    source,
    space,
    ring,
    scale,
    kernels,
    window: deadSteps(cfg, shape.d_sae, variant.sparsity?.(cfg, shape.d_sae) ?? shape.slots, shape.batch),
    pending: [],
    unread: 0,
    lastRead: performance.now(),
    readMs: 1000 * (options.metricsSeconds ?? 1),
    most: Math.min(options.maxStepsPerSubmit ?? resolved.ringSlots, resolved.ringSlots, stepsOfRows(shape)),
    working: [],
    step: resume?.meta.step ?? 0,
    msPerStep: undefined,
    lastArrival: performance.now(),
    metrics: undefined,
    lastGood: resume,
    lastSaved: performance.now(),
    hostSteps: hostStepsOf(resolved),
    hosted: resume?.meta.hosted ?? 0,
    trainedTo: undefined,
  };
  if (!resume) variant.init?.(hostOf(run, signal));
  return { run, warning };
}
