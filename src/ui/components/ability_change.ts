import type { Ability } from '#engine/protocol/metrics.ts';

/** What became of an ability when the SAE was spliced in. */
export type AbilityChange = 'better' | 'kept' | 'weaker' | 'lost';

/** Changes below the first are noise of a few hundred prompts; from the second on the ability is gone for its users. */
const LIMITS = { share: [0.05, 0.25], probability: [0.05, 0.25], nats: [0.1, 1] } as const;

/** The limits in words, for the hint beside the list. */
export const CHANGE_WORDS =
  'Lost: worse by 25 points or 1 nat and more. Weaker: by 5 points or 0.1 nats and more. Kept: by less.';

/** The verdict on one ability; undefined where it was measured clean only. */
export function abilityChange({ clean, spliced, unit, better }: Ability): AbilityChange | undefined {
  if (spliced === undefined) return undefined;
  const worse = better === 'lower' ? spliced - clean : clean - spliced;
  const [some, much] = LIMITS[unit];
  if (worse >= much) return 'lost';
  if (worse >= some) return 'weaker';
  return worse <= -some ? 'better' : 'kept';
}

/** 0.26 nats, or 97.5% of a share or probability. */
export function formatAbility(value: number, { unit }: Pick<Ability, 'unit'>): string {
  return unit === 'nats' ? `${value.toFixed(2)} nats` : `${(100 * value).toFixed(1)}%`;
}
