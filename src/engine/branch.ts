import { WorkbenchError } from '#base/errors.ts';
import type { Checkpoint } from '#sae/checkpoint.ts';
import { resolveConfig, type SaeConfig } from '#sae/config.ts';
import { peakLr } from '#sae/schedule.ts';
import { variantOf } from '#sae/variants/index.ts';
import type { Host } from './host.ts';
import type { RunInfo } from './protocol/training.ts';
import type { Api } from './protocol.ts';
import { checkpointFile, isSaeRun, newRun, type RunRecord } from './run_log.ts';
import { lastCheckpoint, type PlannedJob } from './training.ts';

export type BranchWish = Api['branchRun']['in'];

/**
 * The record and the checkpoint that a branch begins with. The checkpoint is copied, so the branch is taken up from there
 * when the tab closes before its own first one, and the other run keeps its own.
 *
 * @throws WorkbenchError('format') when the run or its checkpoint is not there, or a changed field is refused.
 */
export async function branchOf(
  host: Host,
  wish: BranchWish,
): Promise<{ readonly info: RunInfo; readonly checkpoint: Checkpoint }> {
  const record = await host.catalog.get<RunRecord>('run', wish.run);
  if (!record || !isSaeRun(record))
    throw new WorkbenchError('format', `There is no run ${wish.run.slice(0, 64)} on this device.`);
  const checkpoint = await lastCheckpoint(host, wish.run);
  if (!checkpoint)
    throw new WorkbenchError('format', 'This run has no checkpoint to branch from.', {
      hint: 'A finished run gives its checkpoint up: pause a run, then branch from it.',
    });
  const { job, history } = record.info;
  const { meta } = checkpoint;
  const config = { ...job.config, ...wish.config };
  const next = { ...job, config, tokens: wish.tokens ?? job.tokens, title: wish.title ?? job.title };
  const { fields } = variantOf(job.variant);
  const then = resolveConfig<SaeConfig>(
    job.variant,
    fields,
    meta.config,
  ) as unknown as RunInfo['job']['config'];
  const now = resolveConfig<SaeConfig>(job.variant, fields, config) as unknown as RunInfo['job']['config'];
  const changed = Object.fromEntries(
    Object.entries(now ?? {}).filter(([key, value]) => then?.[key] !== value),
  );
  const info: RunInfo = {
    ...newRun(next, meta.steps),
    step: meta.step,
    tokens: meta.step * meta.batch,
    checkpointStep: meta.step,
    history: history.filter((p) => p.step <= meta.step),
    branch: { from: wish.run, step: meta.step, changed },
  };
  const blob = await host.store.read(checkpointFile(wish.run));
  if (blob) await host.store.write(checkpointFile(info.id), [blob], 'the checkpoint of this branch');
  return { info, checkpoint };
}

/** Half the peak learning rate of a job. */
export function halfLr({ sae }: PlannedJob): number {
  const { fields } = variantOf(sae.variant);
  return peakLr(resolveConfig<SaeConfig>(sae.variant, fields, sae.config), sae.d_sae) / 2;
}
