import { WorkbenchError } from '#base/errors.ts';

export type ConfigValue = number | string | boolean;
/** A config field as data: the form, the validation and the help text come from it. Same words as the protocol's. */
export interface Field {
  readonly kind: 'number' | 'int' | 'choice' | 'flag';
  readonly label: string;
  readonly help: string;
  readonly default: ConfigValue;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  readonly scale?: 'linear' | 'log' | undefined;
  readonly choices?: readonly string[] | undefined;
  readonly unit?: string | undefined;
}
export type Fields = Readonly<Record<string, Field>>;

/**
 * none; auxk: dead features reconstruct what is left over (Gao 2024); aux_zipf: under-used ones do (Ayonrinde 2024);
 * resample: dead features start again from badly reconstructed tokens (Kissane 2024).
 */
export type DeadPolicy = 'none' | 'auxk' | 'aux_zipf' | 'resample';

/** What every variant's config holds; a variant adds its own fields. */
export interface SaeConfig {
  /** Peak learning rate of Adam; 0 takes 2e-4·sqrt(16384 ÷ d_sae). */
  readonly lr: number;
  /** Share of the steps over which lr rises. */
  readonly warmup: number;
  /** linear: from 0; cosine: by half a cosine from a tenth, over at least 100 steps. */
  readonly rise: 'linear' | 'cosine';
  /** Share of the steps, at the end, over which lr falls linearly to 0. */
  readonly decay: number;
  /** Largest global gradient norm, judged by the previous step's norm; 0 is off. */
  readonly clip: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Tokens without a firing after which a feature counts as dead; 0 takes max(200 k, 10·d_sae ÷ k). */
  readonly deadTokens: number;
  /** What is done about dead features. */
  readonly dead: DeadPolicy;
  /** With dead = resample: how often, every 5.12 % of the steps. */
  readonly resamples: number;
  /** Weight of the auxiliary loss; 0 is off. */
  readonly auxWeight: number;
  /** Dead features used by the auxiliary loss of a token; 0 takes d_in ÷ 2. */
  readonly k_aux: number;
  /** Law of expected densities: rank r in proportion to (r + zipfQ)^−zipfS. */
  readonly zipfS: number;
  readonly zipfQ: number;
  /** x is multiplied by sqrt(d_in) ÷ E‖x‖ while training; folded at export. */
  readonly scaleInput: boolean;
  /** Encoder input is x − b_dec. */
  readonly applyBDecToInput: boolean;
  /** Decoder gradient loses its part along the row, rows are renormalised after Adam. */
  readonly unitNorm: boolean;
}

/** The field `dead` of a variant that allows these policies. */
export const deadField = (choices: readonly DeadPolicy[], standard: DeadPolicy): Field => ({
  kind: 'choice',
  label: 'Dead features',
  default: standard,
  choices,
  help: 'none; auxk: dead features reconstruct what is left over; aux_zipf: under-used ones do; resample: dead ones start again from badly reconstructed tokens.',
});

const positive = { kind: 'number', scale: 'log' } as const;
/** Fields of SaeConfig with their defaults: decision 22, "TopK of record". */
export const COMMON_FIELDS = {
  lr: {
    ...positive,
    label: 'Learning rate',
    default: 0,
    min: 0,
    max: 0.1,
    help: 'Peak rate of Adam. 0 takes 2e-4 · sqrt(16384 ÷ d_sae).',
  },
  warmup: {
    kind: 'number',
    label: 'Warm-up',
    default: 0.02,
    min: 0,
    max: 1,
    help: 'Share of the steps over which the rate rises.',
  },
  rise: {
    kind: 'choice',
    label: 'Warm-up form',
    default: 'linear',
    choices: ['linear', 'cosine'],
    help: 'linear: the rate rises from 0; cosine: by half a cosine from a tenth, over at least 100 steps (Kissane 2024).',
  },
  decay: {
    kind: 'number',
    label: 'Decay',
    default: 0.2,
    min: 0,
    max: 1,
    help: 'Share of the steps, at the end, over which the rate falls to 0.',
  },
  clip: {
    kind: 'number',
    label: 'Gradient clip',
    default: 1,
    min: 0,
    max: 1e6,
    help: 'Largest global gradient norm, judged by the norm of the step before. 0 is off.',
  },
  beta1: {
    kind: 'number',
    label: 'Adam β1',
    default: 0.9,
    min: 0,
    max: 0.9999,
    help: 'Decay of the first moment.',
  },
  beta2: {
    kind: 'number',
    label: 'Adam β2',
    default: 0.999,
    min: 0,
    max: 0.99999,
    help: 'Decay of the second moment.',
  },
  eps: {
    ...positive,
    label: 'Adam ε',
    default: 1e-8,
    min: 1e-12,
    max: 1e-2,
    help: 'Added to the root of the second moment.',
  },
  deadTokens: {
    kind: 'int',
    label: 'Dead after',
    unit: 'tokens',
    default: 0,
    min: 0,
    max: 1e9,
    help: 'Tokens without a firing after which a feature counts as dead. 0 takes max(200,000, 10 · d_sae ÷ k).',
  },
  dead: deadField(['none', 'auxk', 'aux_zipf', 'resample'], 'auxk'),
  resamples: {
    kind: 'int',
    label: 'Resamplings',
    default: 4,
    min: 0,
    max: 15,
    help: 'With dead = resample: dead features begin again this often, every 5.12 % of the steps; after each the rate falls to a tenth and rises again.',
  },
  auxWeight: {
    kind: 'number',
    label: 'AuxK weight',
    default: 1 / 32,
    min: 0,
    max: 10,
    help: 'Weight of the loss by which dead features reconstruct what is left over (Gao 2024). 0 is off.',
  },
  k_aux: {
    kind: 'int',
    label: 'AuxK features',
    default: 0,
    min: 0,
    max: 4096,
    help: 'Dead features used for each token. 0 takes d_in ÷ 2.',
  },
  zipfS: {
    kind: 'number',
    label: 'Zipf exponent',
    default: 0.9,
    min: 0.01,
    max: 4,
    help: 'The density of rank r is expected in proportion to (r + q)^−s: s. Used by aux_zipf and by Zipf quotas.',
  },
  zipfQ: {
    kind: 'number',
    label: 'Zipf shift',
    default: 2,
    min: 0,
    max: 1e6,
    help: 'The density of rank r is expected in proportion to (r + q)^−s: q. Used by aux_zipf and by Zipf quotas.',
  },
  scaleInput: {
    kind: 'flag',
    label: 'Scale input',
    default: true,
    help: 'Multiplies x by sqrt(d_in) ÷ E‖x‖ while training; folded into the weights at export.',
  },
  applyBDecToInput: {
    kind: 'flag',
    label: 'Subtract b_dec',
    default: true,
    help: 'The encoder sees x − b_dec.',
  },
  unitNorm: {
    kind: 'flag',
    label: 'Unit decoder rows',
    default: true,
    help: 'Decoder rows keep norm 1; the gradient along a row is removed.',
  },
} as const satisfies Fields;

function checkValue(where: string, name: string, field: Field, value: ConfigValue): ConfigValue {
  const bad = (why: string): WorkbenchError =>
    new WorkbenchError('format', `${where}: ${name} = ${String(value)} ${why}.`, { hint: field.help });
  if (field.kind === 'flag') {
    if (typeof value !== 'boolean') throw bad('is not true or false');
    return value;
  }
  if (field.kind === 'choice') {
    if (typeof value !== 'string' || !field.choices?.includes(value))
      throw bad(`is not one of ${field.choices?.join(', ')}`);
    return value;
  }
  if (typeof value !== 'number' || !Number.isFinite(value)) throw bad('is not a finite number');
  if (field.kind === 'int' && !Number.isInteger(value)) throw bad('is not a whole number');
  if (value < (field.min ?? -1e300)) throw bad(`is below ${field.min}`);
  if (value > (field.max ?? 1e300)) throw bad(`is above ${field.max}`);
  return value;
}

/**
 * Fills in defaults and checks every value against its field.
 *
 * @throws WorkbenchError('format') naming the field: unknown, of another kind, or out of range.
 */
export function resolveConfig<C extends SaeConfig>(
  where: string,
  fields: Fields,
  given: Readonly<Record<string, ConfigValue>> = {},
): C {
  for (const name of Object.keys(given))
    if (!Object.hasOwn(fields, name))
      throw new WorkbenchError('format', `${where}: there is no config field ${name.slice(0, 60)}.`, {
        hint: `Known fields: ${Object.keys(fields).join(', ')}.`,
      });
  const entries = Object.entries(fields).map(([name, field]) => [
    name,
    checkValue(where, name, field, given[name] ?? field.default),
  ]);
  return Object.fromEntries(entries) as unknown as C;
}
