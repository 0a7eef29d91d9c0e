import type { Example, Histogram, LogitEffect } from './features.ts';

/** A feature by number, or one chosen by what it has done on the training tokens so far, among those not pinned. */
export type PinWish = number | 'densest' | 'quietest' | 'random';

export interface PinChange {
  readonly add?: readonly PinWish[] | undefined;
  readonly remove?: readonly number[] | undefined;
}

/** A pinned feature by the running weights. */
export interface PinnedFeature {
  readonly feature: number;
  /** Share of training tokens on which it fired, since the start; since the last fifth of the run began once that is so. */
  readonly trainDensity: number;
  /** Training tokens since it last fired, and whether they are more than the run's dead window. */
  readonly quietTokens: number;
  readonly dead: boolean;
  /** Share of the sample's tokens with act > 0. */
  readonly density: number;
  readonly maxAct: number;
  readonly histogram: Histogram;
  /** Windows of the sample by their largest act, at most five, the largest first. */
  readonly examples: readonly Example[];
  readonly topLogits: readonly LogitEffect[];
  readonly bottomLogits: readonly LogitEffect[];
}

/**
 * The pinned features were looked at: every 3 to 5 s while the weights change, at a pause and at the end. A step that takes
 * longer than that delays it.
 */
export interface PinsEvent {
  readonly type: 'pins';
  /** The weights are those after this step. */
  readonly step: number;
  readonly tokens: number;
  /** Held-out tokens that were gone through, excluded positions left out. */
  readonly sampleTokens: number;
  /** What it cost, milliseconds: training waited as long. */
  readonly ms: number;
  /** What is pinned now; a feature pinned while this refresh went on is not among `features` yet. */
  readonly pinned: readonly number[];
  readonly features: readonly PinnedFeature[];
}
