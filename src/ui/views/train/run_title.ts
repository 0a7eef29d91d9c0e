import type { FieldInfo, RunInfo } from '#engine/protocol/training.ts';

/** 'topk 1,024 on blocks.1.attn.hook_z', or the title that the job carries. */
export function runTitle({ job }: RunInfo): string {
  return job.title ?? `${job.variant} d_sae ${job.d_sae} on ${job.site}`;
}

/** The settings of a job that differ from the variant's defaults: 'k 16, lr 0.001'. */
export function configDiff(job: RunInfo['job'], fields: Readonly<Record<string, FieldInfo>>): string {
  const parts = Object.entries(job.config ?? {})
    .filter(([key, value]) => fields[key]?.default !== value)
    .map(([key, value]) => `${fields[key]?.label ?? key} ${value}`);
  if (job.seed !== undefined && job.seed !== 0) parts.push(`seed ${job.seed}`);
  return parts.join(', ') || 'defaults';
}
