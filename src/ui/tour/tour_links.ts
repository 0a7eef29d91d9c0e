import type { SaeInfo } from '#engine/protocol/models.ts';
import type { ViewRef } from '#share/view_ref.ts';
import type { TourSight, TourStop } from './stops.ts';

/** The shipped SAE of a layer; undefined until the list of SAEs is there, or when the pack has none. */
export function embeddedSae(saes: readonly SaeInfo[] | undefined, layer: number): SaeInfo | undefined {
  return saes?.find((s) => s.source === 'embedded' && s.site === `blocks.${layer}.attn.hook_z`);
}

/** The view of one feature on its token, with the tour at `tour` beside it; undefined while its SAE is unknown. */
export function sightView(
  sight: TourSight,
  tour: string,
  saes: readonly SaeInfo[] | undefined,
): ViewRef | undefined {
  const sae = embeddedSae(saes, sight.layer)?.id;
  if (sae === undefined) return undefined;
  const { feature, prompt, token } = sight;
  return { kind: 'feature', sae, feature, prompt, position: token.position, tour };
}

/** Where a stop leads. */
export function stopView(stop: TourStop, saes: readonly SaeInfo[] | undefined): ViewRef | undefined {
  if (stop.view === 'feature') return sightView(stop, stop.id, saes);
  return { kind: 'train', job: stop.job, tour: stop.id };
}
