import { BASE_MIX, storyland } from '#text/storyland/storyland.ts';
import { factsOf } from '#text/storyland/truth.ts';
import type { Pack } from './pack.ts';
import type { Read } from './sightings.ts';

const SEED = 'tour';

/** Fresh Storyland documents, each cut to `most` tokens after BOS, with their facts; a part of them random copies. */
export function storylandReads({ tokenizer }: Pack, documents: number, most: number): Read[] {
  const land = storyland(SEED, { ...BASE_MIX, echo: 60 });
  const encoder = new TextEncoder();
  return Array.from({ length: documents }, () => {
    const doc = land.document();
    const ids = tokenizer.encode(doc.text);
    // Pieces of one-token decodes give the bytes of each token; Storyland is ASCII.
    const lengths = ids.map((id) => encoder.encode(tokenizer.decode([id])).length);
    const facts = factsOf(doc, lengths).slice(0, most);
    return readOf({ tokenizer }, ids.slice(0, most), { kind: doc.kind, facts });
  });
}

/** A text of ours, about which nothing is known. */
export function textRead(pack: Pick<Pack, 'tokenizer'>, text: string): Read {
  const ids = pack.tokenizer.encode(text);
  return readOf(pack, ids, { kind: 'text', facts: ids.map(() => []) });
}

function readOf(
  { tokenizer }: Pick<Pack, 'tokenizer'>,
  ids: readonly number[],
  more: Pick<Read, 'kind' | 'facts'>,
): Read {
  const bos = tokenizer.bosId === undefined ? [] : [tokenizer.bosId];
  const all = [...bos, ...ids];
  return {
    kind: more.kind,
    ids: all,
    pieces: all.map((id) => tokenizer.piece(id)),
    facts: [...bos.map(() => []), ...more.facts],
  };
}
