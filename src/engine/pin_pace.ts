/** From the start of a refresh to the start of the next, ms; with the wait for an event of the trainer less than 5 s. */
export const EVERY_MS = 3000;
/** A refresh may take this long: a sixth of the time. The sample grows and shrinks by it. */
const BUDGET_MS = 500;
/** Where even the smallest sample takes longer than the budget, refreshes keep to this share of the time. */
const MAX_SHARE = 0.2;

/** How a run's pinned features are looked at next. */
export interface PinPace {
  /** Batches of the sample to go through. */
  readonly batches: number;
  /** Milliseconds from the start of this refresh to the start of the next. */
  readonly every: number;
}

/**
 * The pace after a refresh over `batches` of at most `most` batches that took `ms`: half the sample when it went over
 * 500 ms, twice the sample when it took less than half of that; at least 3 s between two starts, or five times `ms`.
 */
export function nextPace(ms: number, { batches, most }: { batches: number; most: number }): PinPace {
  const every = Math.max(EVERY_MS, ms / MAX_SHARE);
  if (ms > BUDGET_MS) return { batches: Math.max(1, Math.floor(batches / 2)), every };
  if (2 * ms < BUDGET_MS) return { batches: Math.min(most, 2 * batches), every };
  return { batches, every };
}
