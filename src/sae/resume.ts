import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from '#gpu/device.ts';
import type { CheckpointMeta } from './checkpoint.ts';
import { resolveConfig } from './config.ts';
import type { ResolvedJob } from './job.ts';

const refused = (why: string, hint: string): WorkbenchError =>
  new WorkbenchError('format', `Training: the checkpoint ${why}.`, { hint });

/**
 * Compares a checkpoint with the job that goes on from it. `branch`: config, seed and tokens may differ.
 *
 * @returns a warning when the adapter is another, so that losses are equal to rounding only.
 * @throws WorkbenchError('format') when it is another variant's, of other sizes, or another job's.
 */
export function checkResume(
  meta: CheckpointMeta,
  r: ResolvedJob,
  gpu: Gpu,
  branch: boolean,
): WorkbenchError | undefined {
  if (meta.variant !== r.variant.id)
    throw refused(
      `was made by the variant ${meta.variant.slice(0, 60)}, the job trains ${r.variant.id}`,
      'Choose the variant of the checkpoint, or start a new run.',
    );
  const { d_in, d_sae, batch } = r.shape;
  for (const [name, value] of Object.entries({ d_in, d_sae, batch }))
    if (meta[name as 'd_in'] !== value)
      throw refused(`has ${name} ${meta[name as 'd_in']}, the job ${value}`, 'Sizes of a run cannot change.');
  if (branch && meta.step >= r.steps)
    throw refused(
      `stands at step ${meta.step} and the job ends at step ${r.steps}`,
      'Branch with more tokens.',
    );
  if (!branch) checkSame(meta, r);
  if (meta.kernels['class'] === gpu.caps.class) return undefined;
  return new WorkbenchError(
    'internal',
    `This run began on an adapter of class ${meta.kernels['class']}; here, on ${gpu.caps.class}, its losses are equal to rounding only.`,
  );
}

/** Fields that a checkpoint of an earlier version lacks count as their defaults. */
function checkSame(meta: CheckpointMeta, r: ResolvedJob): void {
  const then = { ...resolveConfig(r.variant.id, r.variant.fields, meta.config) } as Record<string, unknown>;
  const same =
    meta.steps === r.steps &&
    meta.seed === r.job.seed &&
    Object.entries(r.cfg).every(([name, value]) => then[name] === value);
  if (!same) throw refused('belongs to another job', 'Resume with the job that the run was started with.');
}
