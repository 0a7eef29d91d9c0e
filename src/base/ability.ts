/** How well a model does one thing, as it is and with an SAE's reconstruction in place of its activation. */
export interface Ability {
  readonly key: string;
  readonly label: string;
  /** The figure of the unchanged model. */
  readonly clean: number;
  /** The figure with the SAE spliced in; absent where only the model was measured. */
  readonly spliced?: number | undefined;
  /** Predictions it was measured on. */
  readonly n: number;
  readonly unit: AbilityUnit;
  readonly better: 'lower' | 'higher';
  /** One or two plain sentences with the formula. */
  readonly definition: string;
}

/**
 * 'nats': mean of −log p(right). 'probability': mean of p(right). 'share': share of predictions in which the logit of
 * `right` is above that of every rival.
 */
export type AbilityUnit = 'nats' | 'share' | 'probability';

/** What an ability is, apart from its figures. */
export type AbilityKind = Omit<Ability, 'clean' | 'spliced' | 'n'>;

/** A question to the model: which token follows position `at` of a row? */
export interface AbilityQuestion {
  /** Key of the ability it counts for. */
  readonly of: string;
  readonly at: number;
  /** Id of the right answer. */
  readonly right: number;
  /** Ids that `right` must beat ('share' only). */
  readonly rivals?: readonly number[];
}

/** Token ids of a prompt (BOS first where the model has one) and what is asked about them. */
export interface AbilityRow {
  readonly ids: readonly number[];
  readonly questions: readonly AbilityQuestion[];
}

/** Everything that is asked of a model: kinds in the order they are shown, and the rows that measure them. */
export interface AbilityPrompts {
  readonly kinds: readonly AbilityKind[];
  readonly rows: readonly AbilityRow[];
  /** Why only part of the abilities can be measured, one sentence; absent when all are. */
  readonly leftOut?: string | undefined;
}
