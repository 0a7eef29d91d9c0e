import { makeRng } from '#base/rng.ts';
import type { StreamSource } from '#text/storyland/curriculum_rows.ts';
import { WRITERS } from '#text/storyland/kinds/index.ts';
import { type Probes, probes, randomRow } from '#text/storyland/probes.ts';
import { BASE_MIX, storyland } from '#text/storyland/storyland.ts';

/** Seeds of evaluation text; training never uses them, and every figure is given for each. */
export const EVALUATION_SEEDS = ['evaluation/1', 'evaluation/2'] as const;

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

/** How many of each a set holds; a smaller set is the beginning of a larger one of its seed. */
export interface ProbeCounts {
  /** Rows of the base mix, and of each kind. */
  readonly base: number;
  readonly kind: number;
  /** Rows of random tokens of each length, and prompts of each ability. */
  readonly random: number;
  readonly prompts: number;
  /** Questions: more, because the model answers only some. 3,000 give a share of 0.63 a standard error of 0.009. */
  readonly questions: number;
}

/** The counts of scripts/train_model/abilities.json. */
export const ALL_PROBES: ProbeCounts = { base: 256, kind: 48, random: 96, prompts: 400, questions: 3000 };

/** What makes ids of text. */
export type ProbeSource = Pick<StreamSource, 'bos' | 'encode' | 'wordIds'>;

/** Held-out text and prompts of one seed, rows of `ctx` ids. Each list is drawn from a stream of its own. */
export function makeProbeSet(
  source: ProbeSource,
  ctx: number,
  seed: string,
  counts: ProbeCounts = ALL_PROBES,
): ProbeSet {
  const one = (text: string): number => source.encode(text)[0] as number;
  const rows = (count: number, kind?: string): number[][] => rowsOf(source, ctx, { seed, count, kind });
  const ask = (name: string, draw: (make: Probes) => Asked | undefined, count = counts.prompts): Choice[] => {
    const make = probes(`${seed}/${name}`);
    const out: Choice[] = [];
    while (out.length < count) {
      const asked = draw(make);
      if (asked) out.push(choiceOf(source, asked));
    }
    return out;
  };
  const ioi = (make: Probes, heldOut: boolean): Asked => {
    const p = make.ioi(heldOut);
    return { text: p.text, right: ` ${p.io}`, wrong: ` ${p.s}` };
  };
  const asked = (make: Probes): Asked => {
    const { text, answer } = make.question();
    return { text, right: ` ${answer}` };
  };
  const bracket = (make: Probes, least: number): Asked | undefined => {
    const { text, close, depth } = make.bracket();
    return depth < least ? undefined : { text, right: close };
  };
  return {
    base: rows(counts.base),
    byKind: Object.fromEntries(Object.keys(WRITERS).map((kind) => [kind, rows(counts.kind, kind)])),
    random: Object.fromEntries(
      [15, 32, 50].map((loop) => [`rnd${loop}`, randomRows(source, seed, { loop, count: counts.random })]),
    ),
    ioiSeen: ask('ioi seen', (make) => ioi(make, false)),
    ioiHeldOut: ask('ioi held out', (make) => ioi(make, true)),
    question: ask('question', asked, counts.questions),
    bracket: ask('bracket', (make) => bracket(make, 1)),
    nested: ask('nested', (make) => bracket(make, 2)),
    closes: [' )', ' ]', ' }'].map(one),
    quotes: { open: [one('“'), one(' “')], close: [one('”')] },
  };
}

interface Asked {
  readonly text: string;
  readonly right: string;
  readonly wrong?: string;
}

function choiceOf({ bos, encode }: ProbeSource, { text, right, wrong }: Asked): Choice {
  const one = (answer: string): number => encode(answer)[0] as number;
  return {
    ids: [bos, ...encode(text)],
    right: one(right),
    ...(wrong !== undefined && { wrong: one(wrong) }),
  };
}

/** Rows BOS, w1..wL, w1..wL of different whole words. */
function randomRows(
  { bos, wordIds }: ProbeSource,
  seed: string,
  { loop, count }: { readonly loop: number; readonly count: number },
): number[][] {
  const rng = makeRng(`random rows/${seed}/${loop}`);
  return Array.from({ length: count }, () => [bos, ...randomRow(rng, wordIds, { loop, length: 2 * loop })]);
}

function rowsOf(
  source: ProbeSource,
  ctx: number,
  { seed, count, kind }: { readonly seed: string; readonly count: number; readonly kind: string | undefined },
): number[][] {
  const land = storyland(`${seed}/${kind ?? 'base'}`, BASE_MIX);
  return Array.from({ length: count }, () => {
    const row: number[] = [];
    while (row.length < ctx) row.push(source.bos, ...source.encode(land.document(kind).text));
    return row.slice(0, ctx);
  });
}
