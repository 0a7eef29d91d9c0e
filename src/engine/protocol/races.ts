import type { WireError } from '#base/errors.ts';
import type { Histogram } from './features.ts';
import type { Metrics, Standing } from './metrics.ts';
import type { SaeInfo } from './models.ts';
import type { StepMetrics, TrainJob } from './training.ts';

/** One SAE of a race; what all share stands in RaceJob. */
export type RaceMember = Pick<TrainJob, 'variant' | 'config' | 'd_sae' | 'title'>;

/** Two to six SAEs trained side by side on the same rows; those of equal d_sae begin with equal weights. */
export type RaceJob = Omit<TrainJob, 'variant' | 'config' | 'd_sae' | 'title' | 'abilityPrompts'> & {
  readonly members: readonly RaceMember[];
  /** Held-out tokens of the last measurement; default as for a run. */
  readonly evaluationTokens?: number | undefined;
};

/** A member as it was measured, on the same held-out batches as the others. */
export interface RaceRow {
  readonly member: number;
  readonly step: number;
  readonly metrics: Metrics;
  /** Counts of log10 density. */
  readonly density: Histogram;
}

export type RaceEvent =
  | {
      readonly type: 'start';
      readonly race: string;
      readonly titles: readonly string[];
      readonly steps: number;
    }
  | {
      readonly type: 'step';
      readonly member: number;
      readonly step: number;
      readonly tokens: number;
      readonly metrics: StepMetrics;
    }
  | ({ readonly type: 'evaluation' } & RaceRow)
  /** All members were measured at this step: how they stand at equal L0. */
  | { readonly type: 'standings'; readonly step: number; readonly standings: readonly Standing[] }
  | { readonly type: 'paused' | 'resumed' }
  | { readonly type: 'ended'; readonly member: number; readonly error?: WireError | undefined }
  | { readonly type: 'warning'; readonly member: number; readonly error: WireError };

export interface RaceSummary {
  readonly race: string;
  /** By member; absent `sae`: it has no result, and `error` says why. */
  readonly members: readonly {
    readonly sae?: SaeInfo | undefined;
    readonly row?: RaceRow | undefined;
    readonly standing?: Standing | undefined;
    readonly error?: WireError | undefined;
  }[];
}
