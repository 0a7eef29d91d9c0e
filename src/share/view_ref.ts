/**
 * What a person looks at, as plain data: ids, small numbers, prompt text. The URL is this and nothing else.
 * Ids are content ids: 'embedded' or at least 22 base64url characters (128 bits).
 */
interface Common {
  /** Model id. Absent: the embedded model. */
  readonly model?: string | undefined;
  /** SAE id. Absent: the first SAE of the model. */
  readonly sae?: string | undefined;
  /** Where the SAE can be fetched: 'hf:owner/name[@rev]' or an https URL; fetched only after a click (decision 29). */
  readonly source?: string | undefined;
  /** Packed card (share/card.ts) for receivers that lack the SAE. */
  readonly card?: string | undefined;
  /** 1: only the panel, for an iframe. */
  readonly embed?: 1 | undefined;
  /** Stop of the guided tour that stands beside the view, by its id. */
  readonly tour?: string | undefined;
}

export interface LoadViewRef extends Common {
  readonly kind: 'load';
}
export type TokenSort = 'act' | 'density' | 'index';
export interface PromptViewRef extends Common {
  readonly kind: 'prompt';
  readonly prompt?: string | undefined;
  /** Selected token position, counted with BOS. */
  readonly position?: number | undefined;
  /** Feature whose edit panel or highlight is on. */
  readonly feature?: number | undefined;
  readonly sort?: TokenSort | undefined;
  /** The edit of the steer panel: 'scale:0', 'clamp:4', 'add:2', 'ablate'; applied at `editAt` ('all' or '3,7'). */
  readonly edit?: string | undefined;
  readonly editAt?: string | undefined;
  /** Open side panel. */
  readonly panel?: 'next' | 'patterns' | 'edit' | undefined;
}
export type Snippet = 'stacked' | 'snippet' | 'full';
export interface FeatureViewRef extends Common {
  readonly kind: 'feature';
  readonly feature: number;
  readonly prompt?: string | undefined;
  /** Destination token of the DFA panel, counted with BOS. */
  readonly position?: number | undefined;
  readonly snippet?: Snippet | undefined;
  /** Restricts examples to one histogram bin [0, bins). */
  readonly bin?: number | undefined;
}
export type FeatureColumn = 'feature' | 'density' | 'maxAct' | 'headShare' | 'effect' | 'tracks';
export interface FeaturesViewRef extends Common {
  readonly kind: 'features';
  readonly sort?: FeatureColumn | undefined;
  readonly desc?: 0 | 1 | undefined;
  readonly minDensity?: number | undefined;
  readonly maxDensity?: number | undefined;
  /** Promoted token (text of one token) to filter and rank by. */
  readonly promotes?: string | undefined;
  /** Words that the fact a feature tracks must contain: 'topic=sea', 'next word'. */
  readonly tracks?: string | undefined;
}
export interface TrainViewRef extends Common {
  readonly kind: 'train';
  readonly run?: string | undefined;
  readonly variant?: string | undefined;
  /** The new-run form where it differs from the defaults: 'site:blocks.0.attn.hook_z,d_sae:2048,k:16'. */
  readonly job?: string | undefined;
  /** x axis smoothing of the charts, 0..0.99. */
  readonly smooth?: number | undefined;
}
export type ViewRef = LoadViewRef | PromptViewRef | FeatureViewRef | FeaturesViewRef | TrainViewRef;
export type ViewKind = ViewRef['kind'];
