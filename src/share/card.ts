import type { WorkbenchError } from '#base/errors.ts';

/** What a card says about the SAE that its receiver lacks. */
export interface CardSae {
  readonly id: string;
  readonly title: string;
  readonly model: string;
  readonly site: string;
  readonly d_sae: number;
}
export interface CardExample {
  readonly pieces: readonly string[];
  /** One act a token; stored at 1/255 of the card's maxAct. */
  readonly acts: readonly number[];
  readonly at: number;
}
/** The feature of someone else's SAE, read-only: at most six examples of 24 tokens. */
export interface FeatureCard {
  readonly kind: 'feature';
  readonly sae: CardSae;
  readonly feature: number;
  readonly density: number;
  readonly maxAct: number;
  readonly nTokens: number;
  readonly examples: readonly CardExample[];
  readonly topLogits: readonly { readonly piece: string; readonly effect: number }[];
  readonly bottomLogits: readonly { readonly piece: string; readonly effect: number }[];
  readonly headShare: readonly number[];
}
/** A prompt with the top features of each token, read-only. */
export interface PromptCard {
  readonly kind: 'prompt';
  readonly sae: CardSae;
  readonly pieces: readonly string[];
  /** One list per token, largest act first, at most four. */
  readonly tokens: readonly (readonly { readonly feature: number; readonly act: number }[])[];
}
export type Card = FeatureCard | PromptCard;
export type UnpackedCard =
  | { readonly ok: true; readonly card: Card }
  | { readonly ok: false; readonly error: WorkbenchError };

/** Card to text for `ViewRef.card`: compact JSON, deflate-raw, base64url. About 1 kB for a feature. */
export declare function packCard(card: Card): Promise<string>;
/** Text to card. Inflates to at most 256 kB, checks every field; a bad card is a value with one sentence, never a throw. */
export declare function unpackCard(text: string): Promise<UnpackedCard>;
