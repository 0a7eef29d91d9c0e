import { WorkbenchError } from '#base/errors.ts';
import { f1Of, type LensResult } from './truth_lens.ts';

/**
 * For each feature the fact, or conjunction of two, that predicts best where it fires (act > 0).
 *
 * Chosen by F1 on one half of the documents; every figure here is of the other half. Where a feature has no fact the
 * shares are NaN.
 */
export interface TruthTable {
  readonly sae: string;
  /** [d_sae]: no fact, one, or two that hold together, each 'variable=value'. */
  readonly facts: readonly (readonly string[])[];
  /** Share of the tokens it fires on where the facts hold. */
  readonly precision: Float32Array<ArrayBuffer>;
  /** Share of the tokens where the facts hold on which it fires. */
  readonly recall: Float32Array<ArrayBuffer>;
  /** 2·precision·recall ÷ (precision + recall). */
  readonly f1: Float32Array<ArrayBuffer>;
  /** Share of all tokens where the facts hold: the precision of a feature that always fires. */
  readonly baseline: Float32Array<ArrayBuffer>;
  /** Tokens of the measuring half on which the feature fires. */
  readonly fired: Uint32Array<ArrayBuffer>;
  /** Tokens of the measuring half; BOS tokens are not counted. */
  readonly nTokens: number;
  /** Tokens of the choosing half. */
  readonly nChosen: number;
  readonly seed: string;
  readonly definition: string;
}

/** What the figures of a table are, in words. */
export const TRUTH_DEFINITION =
  'For each feature the ground-truth fact, or conjunction of two facts, with the largest F1 for "the feature fires (act > 0)" on one half of the documents; precision, recall, F1 and baseline are measured on the other half. A feature that fires on fewer than 10 tokens of the choosing half has none; a pair is chosen only when its F1 is at least 0.02 above that of the best single fact. BOS tokens are not counted.';

/** truth.json: counts of the measuring half, from which every figure follows; facts are numbered once. */
export interface TruthFile {
  readonly version: 1;
  readonly sae: string;
  readonly seed: string;
  readonly nTokens: number;
  readonly nChosen: number;
  /** Facts that some feature has. */
  readonly names: readonly string[];
  /** [d_sae] numbers of the facts. */
  readonly facts: readonly (readonly number[])[];
  readonly fired: readonly number[];
  readonly holds: readonly number[];
  readonly hits: readonly number[];
}

/** Bytes that a truth.json may have: some 60 for each of 32,768 features. */
export const MOST_TRUTH_BYTES = 2 * 2 ** 20;
const MOST_FEATURES = 2 ** 17;

/** The file of a lens result. */
export function truthFile(
  { tracked, nTokens, nChosen }: LensResult,
  names: readonly string[],
  { sae, seed }: { readonly sae: string; readonly seed: string },
): TruthFile {
  const used = [...new Set(tracked.flatMap((t) => t.facts))].sort((a, b) => a - b);
  const place = new Map(used.map((fact, i) => [fact, i]));
  return {
    version: 1,
    sae,
    seed,
    nTokens,
    nChosen,
    names: used.map((fact) => names[fact] as string),
    facts: tracked.map((t) => t.facts.map((fact) => place.get(fact) as number)),
    fired: tracked.map((t) => t.fired),
    holds: tracked.map((t) => t.holds),
    hits: tracked.map((t) => t.hits),
  };
}

/** The table of a file that `readTruthFile` accepted or `truthFile` made. */
export function truthTable(file: TruthFile): TruthTable {
  const { sae, seed, nTokens, nChosen, facts, fired, holds, hits } = file;
  const share = (f: number, part: number, whole: number): number => {
    if (facts[f]?.length === 0) return Number.NaN;
    return whole === 0 ? 0 : part / whole;
  };
  const column = (value: (f: number) => number): Float32Array<ArrayBuffer> =>
    Float32Array.from(facts, (_, f) => value(f));
  const at = (list: readonly number[], f: number): number => list[f] as number;
  return {
    sae,
    facts: facts.map((numbers) => numbers.map((n) => file.names[n] as string)),
    precision: column((f) => share(f, at(hits, f), at(fired, f))),
    recall: column((f) => share(f, at(hits, f), at(holds, f))),
    f1: column((f) => share(f, f1Of({ hits: at(hits, f), fired: at(fired, f), holds: at(holds, f) }), 1)),
    baseline: column((f) => share(f, at(holds, f), nTokens)),
    fired: Uint32Array.from(fired),
    nTokens,
    nChosen,
    seed,
    definition: TRUTH_DEFINITION,
  };
}

/**
 * Reads a truth.json of the SAE with this id and d_sae features.
 *
 * @throws WorkbenchError('format') when it is too large, damaged, or of another SAE.
 */
export async function readTruthFile(
  blob: Blob,
  { sae, d_sae }: { readonly sae: string; readonly d_sae: number },
): Promise<TruthFile> {
  if (blob.size > MOST_TRUTH_BYTES)
    throw damaged(`it has ${blob.size} bytes, more than the ${MOST_TRUTH_BYTES} that it may have`);
  let file: unknown;
  try {
    file = JSON.parse(await blob.text());
  } catch {
    throw damaged('it is not JSON');
  }
  const why = faultOf(file as Partial<TruthFile> | undefined, { sae, d_sae });
  if (why) throw damaged(why);
  return file as TruthFile;
}

function damaged(why: string): WorkbenchError {
  return new WorkbenchError('format', `truth.json cannot be read: ${why}.`, {
    hint: 'Measure what the features track again, or fetch the SAE folder again.',
  });
}

const isCount = (v: unknown): v is number => typeof v === 'number' && Number.isSafeInteger(v) && v >= 0;
const isList = (v: unknown, n: number, good: (item: unknown) => boolean): boolean =>
  Array.isArray(v) && v.length === n && v.every(good);

/** What is wrong with parsed JSON, or undefined. */
function faultOf(
  file: Partial<TruthFile> | undefined | null,
  { sae, d_sae }: { readonly sae: string; readonly d_sae: number },
): string | undefined {
  if (typeof file !== 'object' || file === null || file.version !== 1) return 'its version is not 1';
  if (file.sae !== sae) return 'it belongs to another SAE';
  if (d_sae > MOST_FEATURES) return `the SAE has more than ${MOST_FEATURES} features`;
  if (
    !isCount(file.nTokens) ||
    !isCount(file.nChosen) ||
    typeof file.seed !== 'string' ||
    file.seed.length > 200
  )
    return 'its token counts or its seed are missing';
  const { names } = file;
  if (!Array.isArray(names) || !names.every((n) => typeof n === 'string' && /^[\w.]{1,40}=.{1,60}$/u.test(n)))
    return 'its names are not a list of facts';
  const isFacts = (v: unknown): boolean =>
    Array.isArray(v) && v.length <= 2 && v.every((n) => isCount(n) && n < names.length);
  if (!isList(file.facts, d_sae, isFacts)) return `its facts are not one list for each of ${d_sae} features`;
  const most = file.nTokens;
  for (const key of ['fired', 'holds', 'hits'] as const)
    if (!isList(file[key], d_sae, (v) => isCount(v) && v <= most))
      return `${key} is not one count for each of ${d_sae} features`;
  return undefined;
}
