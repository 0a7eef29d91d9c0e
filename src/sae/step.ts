import type { Recorder } from '#gpu/recorder.ts';
import type { SaeConfig } from './config.ts';
import type { StepSpace } from './space.ts';
import { recordSparseStep, type StepCall } from './sparse_step.ts';
import type { SaeVariant } from './variant.ts';

export type { StepCall } from './sparse_step.ts';

/** Records one training step of a variant by the shared step that runs it (decision 1). */
export function recordStep<C extends SaeConfig>(
  rec: Recorder,
  space: StepSpace,
  variant: SaeVariant<C>,
  cfg: C,
  call: StepCall,
): void {
  recordSparseStep(rec, space, variant, cfg, call);
}
