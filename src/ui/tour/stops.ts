import type { PanelAnchor } from '../components/Panel.tsx';

/** A token of a stop's prompt: its position counted with BOS, and its exact text, which tests compare. */
export interface TourToken {
  readonly position: number;
  readonly text: string;
}
/** A feature on a token of a prompt, and what made it fire. */
export interface TourSight {
  readonly prompt: string;
  /** Layer of the embedded SAE that the feature belongs to. */
  readonly layer: number;
  readonly feature: number;
  /** The token that the feature is shown on. */
  readonly token: TourToken;
  /** Source of the largest DFA: summed over heads, or of `head` where one is named. */
  readonly source?: TourToken | undefined;
  /** The head with the largest Σ|cells| at the token. */
  readonly head?: number | undefined;
  /** A token text that is among the ten that the feature promotes most. */
  readonly promotes?: string | undefined;
  /** True: the feature never fires, on this token or on the whole index. */
  readonly dead?: true | undefined;
}
interface StopText {
  /** Names the stop in links: `tour=induction`. */
  readonly id: string;
  readonly title: string;
  /** Two to four plain sentences: what to look at, and why it is interesting. */
  readonly text: string;
  /** The panel to look at. */
  readonly look: PanelAnchor;
}
/** A stop at a feature: the feature view with its token chosen. */
export interface FeatureStop extends StopText, TourSight {
  readonly view: 'feature';
  /** More features to open from the stop, each with the words of its link. */
  readonly also?: readonly (TourSight & { readonly words: string })[] | undefined;
}
/** The stop that ends in the reader's own run: a filled form, nothing started. */
export interface TrainStop extends StopText {
  readonly view: 'train';
  /** The form as a link has it: 'site:…,d_sae:512'. */
  readonly job: string;
}
export type TourStop = FeatureStop | TrainStop;

/** Found with scripts/find_tour.ts on the pack in public/embedded; e2e/flows/tour.flow.ts checks every promise. */
export const TOUR: readonly TourStop[] = [];

/** The stop of a link, if there is one of this id. */
export const stopOf = (id: string | undefined): TourStop | undefined => TOUR.find((s) => s.id === id);
