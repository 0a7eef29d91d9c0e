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

const UNITS: readonly unknown[] = ['nats', 'share', 'probability'] satisfies readonly AbilityUnit[];
const BETTER: readonly unknown[] = ['lower', 'higher'] satisfies readonly Ability['better'][];
/** More than any SAE has; a file of unknown origin may list as many as it likes. */
const MOST = 64;
const LONGEST = 1000;

/** Abilities out of a file of unknown origin; entries that are none are left out, undefined when nothing is left. */
export function readAbilities(value: unknown): readonly Ability[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const read = value.slice(0, MOST).filter(isAbility);
  return read.length > 0 ? read : undefined;
}

function isAbility(value: unknown): value is Ability {
  if (typeof value !== 'object' || value === null) return false;
  const a = value as Readonly<Record<string, unknown>>;
  const texts = [a['key'], a['label'], a['definition']];
  const numbers = [a['clean'], a['n'], ...(a['spliced'] === undefined ? [] : [a['spliced']])];
  return (
    texts.every((t) => typeof t === 'string' && t.length <= LONGEST) &&
    numbers.every(Number.isFinite) &&
    UNITS.includes(a['unit']) &&
    BETTER.includes(a['better'])
  );
}
