import { makeRng } from '#base/rng.ts';
import { WRITERS } from '#text/storyland/kinds/index.ts';
import { probes, randomRow } from '#text/storyland/probes.ts';
import { BASE_MIX, storyland } from '#text/storyland/storyland.ts';
import type { StreamSource } from './stream.ts';

/** Everything the evaluation reads: rows of ids, and prompts with the ids of right and wrong answers. */
export interface ProbeSet {
  readonly base: readonly (readonly number[])[];
  readonly byKind: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly random: Readonly<Record<string, readonly (readonly number[])[]>>;
  readonly ioiSeen: readonly Choice[];
  readonly ioiHeldOut: readonly Choice[];
  readonly question: readonly Choice[];
  readonly bracket: readonly Choice[];
  readonly nested: readonly Choice[];
  readonly closes: readonly number[];
  readonly quotes: { readonly open: readonly number[]; readonly close: readonly number[] };
}

/** A prompt (BOS first) and the id that should come next, and for names the one that should not. */
export interface Choice {
  readonly ids: readonly number[];
  readonly right: number;
  readonly wrong?: number;
}

/** Held-out text and prompts, all drawn from seeds that training never uses. */
export function makeProbeSet(source: StreamSource, ctx: number): ProbeSet {
  const { encode, bos } = source;
  const rng = makeRng('probe set');
  const make = probes('probe set');
  const one = (text: string): number => encode(text)[0] as number;
  const choice = (text: string, right: string, wrong?: string): Choice => ({
    ids: [bos, ...encode(text)],
    right: one(right),
    ...(wrong !== undefined && { wrong: one(wrong) }),
  });
  const many = <T>(count: number, draw: () => T): T[] => Array.from({ length: count }, draw);
  const ioi = (heldOut: boolean): Choice[] =>
    many(400, () => {
      const p = make.ioi(heldOut);
      return choice(p.text, ` ${p.io}`, ` ${p.s}`);
    });
  const brackets = many(1200, () => make.bracket());
  const toChoice = (p: { text: string; close: string }): Choice => choice(p.text, p.close);
  const random = (loop: number): number[][] =>
    many(96, () => [bos, ...randomRow(rng, source.wordIds, { loop, length: 2 * loop })]);
  return {
    base: rowsOf(source, ctx, 256),
    byKind: Object.fromEntries(Object.keys(WRITERS).map((kind) => [kind, rowsOf(source, ctx, 48, kind)])),
    random: { rnd15: random(15), rnd32: random(32), rnd50: random(50) },
    ioiSeen: ioi(false),
    ioiHeldOut: ioi(true),
    question: many(400, () => {
      const p = make.question();
      return choice(p.text, ` ${p.answer}`);
    }),
    bracket: brackets.slice(0, 400).map(toChoice),
    nested: brackets
      .filter((p) => p.depth >= 2)
      .slice(0, 400)
      .map(toChoice),
    closes: [' )', ' ]', ' }'].map(one),
    quotes: { open: [one('“'), one(' “')], close: [one('”')] },
  };
}

function rowsOf(source: StreamSource, ctx: number, count: number, kind?: string): number[][] {
  const land = storyland(`held-out/${kind ?? 'base'}`, BASE_MIX);
  return Array.from({ length: count }, () => {
    const row: number[] = [];
    while (row.length < ctx) row.push(source.bos, ...source.encode(land.document(kind).text));
    return row.slice(0, ctx);
  });
}
