import type { AbilityPrompts } from '#base/ability.ts';
import { sha256Hex } from '#io/hash.ts';
import { streamSource } from '#text/storyland/curriculum_rows.ts';
import { makeProbeSet } from '../../scripts/train_model/probe_set.ts';
import fiveGram from './five_gram.json';
import { tokenizer } from './pack.ts';

export { EVALUATION_SEEDS } from '../../scripts/train_model/probe_set.ts';

/** Tokens of a row of text. */
const CTX = 128;

/** Rows of held-out text by kind ('base' is the mix of all) and what the 5-gram paid for each, nats. */
export interface GateTexts {
  readonly rows: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly fiveGram: Readonly<Record<string, readonly number[]>>;
  /** Hash of the rows, and of those that the 5-gram was measured on. */
  readonly sha256: string;
  readonly expectedSha256: string;
}

/** The text of one seed: the same rows as scripts/train_model/five_gram.py read from probes.json. */
export async function gateTexts(seed: string): Promise<GateTexts> {
  const counts = { ...fiveGram.rows, random: 0, prompts: 0, questions: 0 };
  const { base, byKind } = makeProbeSet(streamSource(seed, tokenizer), CTX, seed, counts);
  const rows = { base, ...byKind };
  const ids = Uint16Array.from(Object.values(rows).flat(2));
  const seeds: Record<string, { readonly sha256: string; readonly nats: GateTexts['fiveGram'] }> =
    fiveGram.seeds;
  const record = seeds[seed];
  if (!record) throw new Error(`gates: five_gram.json has no figures of ${seed}`);
  return {
    rows,
    fiveGram: record.nats,
    sha256: await sha256Hex(new Blob([ids])),
    expectedSha256: record.sha256,
  };
}

/** Every token of every row asked, BOS left out; key of a row: kind and number. */
export function askText(rows: GateTexts['rows'], bos: number): AbilityPrompts {
  const all = Object.entries(rows).flatMap(([kind, list]) =>
    list.map((ids, i) => ({ key: rowKey(kind, i), ids })),
  );
  return {
    kinds: all.map(({ key }) => ({ key, label: key, unit: 'nats', better: 'lower', definition: 'nats' })),
    rows: all.map(({ key, ids }) => ({
      ids,
      questions: ids.slice(1).flatMap((right, at) => (right === bos ? [] : { of: key, at, right })),
    })),
  };
}

/** Key of a row's figures. */
export function rowKey(kind: string, i: number): string {
  return `${kind}/${i}`;
}
