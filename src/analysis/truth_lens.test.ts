import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import type { SparseTokens } from './truth_half.ts';
import { type LensResult, truthLens, variableOf } from './truth_lens.ts';

/** A planted world: facts and firings as sets of token numbers. */
interface World {
  readonly names: readonly string[];
  readonly tokens: number;
  readonly document: Uint32Array;
  /** By fact, by feature: token -> holds or fires. */
  readonly holds: readonly ((t: number) => boolean)[];
  readonly fires: readonly ((t: number) => boolean)[];
}

function sparse(w: World): SparseTokens {
  const lists = (all: readonly ((t: number) => boolean)[]) => {
    const start = [0];
    const items: number[] = [];
    for (let t = 0; t < w.tokens; t++) {
      all.forEach((has, i) => {
        if (has(t)) items.push(i);
      });
      start.push(items.length);
    }
    return [Uint32Array.from(start), Uint32Array.from(items)] as const;
  };
  const [factStart, facts] = lists(w.holds);
  const [featureStart, features] = lists(w.fires);
  const sizes = { nFeatures: w.fires.length, nFacts: w.holds.length };
  return { ...sizes, featureStart, features, factStart, facts, document: w.document };
}

const SEED = 'lens';
const TOKENS = 4000;
const SIDE = 20;

/** Three kinds, two topics, a slot that follows neither, a fact that nearly always holds, a rare one. */
function world(): World {
  const rng = makeRng('truth world');
  const draw = (values: number) => Array.from({ length: TOKENS }, () => rng.int(values));
  const [kind, topic, slot, often, rare, noise] = [draw(3), draw(2), draw(5), draw(20), draw(400), draw(9)];
  const at = (list: number[] | undefined, v: number) => (t: number) => list?.[t] === v;
  const both = (a: (t: number) => boolean, b: (t: number) => boolean) => (t: number) => a(t) && b(t);
  return {
    names: [
      'kind=a',
      'kind=b',
      'kind=c',
      'topic=sea',
      'topic=zoo',
      'slot=noun',
      'slot=verb',
      'common=yes',
      'rare=yes',
    ],
    tokens: TOKENS,
    document: Uint32Array.from({ length: TOKENS }, (_, t) => Math.floor(t / SIDE)),
    holds: [
      ...[0, 1, 2].map((v) => at(kind, v)),
      ...[0, 1].map((v) => at(topic, v)),
      ...[0, 1].map((v) => at(slot, v)),
      (t) => often?.[t] !== 0,
      at(rare, 0),
    ],
    fires: [
      at(slot, 0), // exactly slot=noun
      both(at(kind, 0), at(topic, 0)), // exactly kind=a and topic=sea
      at(noise, 0), // follows nothing
      () => false, // dead
      (t) => often?.[t] !== 0 && noise?.[t] !== 0, // dense: the common fact is right by its base rate
      both(at(rare, 0), (t) => t < 1200), // too few firings to choose by
      (t) => at(slot, 1)(t) || t % 50 === 0, // slot=verb with some noise
    ],
  };
}

interface Oracle {
  readonly facts: readonly number[];
  readonly precision: number;
  readonly recall: number;
}

/** Every fact and every pair, counted one token at a time: what the lens must find when all facts are candidates. */
function bruteForce(w: World, measuring: ReadonlySet<number>, feature: number): Oracle | undefined {
  const count = (facts: readonly number[], inMeasuring: boolean) => {
    const c = { hits: 0, fired: 0, holds: 0 };
    for (let t = 0; t < w.tokens; t++) {
      if (measuring.has(w.document[t] as number) !== inMeasuring) continue;
      const fires = w.fires[feature]?.(t) ?? false;
      const holds = facts.every((f) => w.holds[f]?.(t));
      c.hits += fires && holds ? 1 : 0;
      c.fired += fires ? 1 : 0;
      c.holds += holds ? 1 : 0;
    }
    return c;
  };
  const f1 = (facts: readonly number[]) => {
    const c = count(facts, false);
    return (2 * c.hits) / Math.max(1, c.fired + c.holds);
  };
  if (count([], false).fired < 10) return undefined;
  const all = w.names.map((_, i) => i);
  const best = (sets: readonly number[][]) => sets.reduce((a, b) => (f1(b) > f1(a) ? b : a));
  const single = best(all.map((f) => [f]));
  const pairs = all.flatMap((a) => all.filter((b) => b > a).map((b) => [a, b]));
  const pair = best(
    pairs.filter(([a = 0, b = 0]) => variableOf(w.names[a] ?? '') !== variableOf(w.names[b] ?? '')),
  );
  const facts = f1(pair) >= f1(single) + 0.02 ? pair : single;
  const c = count(facts, true);
  return { facts, precision: c.hits / c.fired, recall: c.hits / c.holds };
}

/** Documents of the measuring half, found out through a feature for each document. */
function measuringDocuments(w: World): Set<number> {
  const documents = new Set(w.document);
  const fires = [...documents].map((d) => (t: number) => w.document[t] === d);
  const { tracked } = truthLens(sparse({ ...w, fires }), w.names, { seed: SEED });
  return new Set([...documents].filter((_, i) => (tracked[i]?.fired ?? 0) > 0));
}

const names = (w: World, r: LensResult, feature: number) => r.tracked[feature]?.facts.map((f) => w.names[f]);

test('planted features get the facts that they were made from', () => {
  const w = world();
  const r = truthLens(sparse(w), w.names, { seed: SEED });
  expect(names(w, r, 0)).toEqual(['slot=noun']);
  expect(names(w, r, 1)).toEqual(['kind=a', 'topic=sea']);
  expect(names(w, r, 6)).toEqual(['slot=verb']);
  for (const f of [0, 1]) {
    const { fired, holds, hits } = r.tracked[f]!;
    expect([hits, fired]).toEqual([holds, holds]);
  }
});

test('facts and counts are those of a brute-force count over both halves', () => {
  const w = world();
  const measuring = measuringDocuments(w);
  const r = truthLens(sparse(w), w.names, { seed: SEED });
  for (const [feature, { facts, fired, holds, hits }] of r.tracked.entries()) {
    const oracle = bruteForce(w, measuring, feature);
    expect(facts, `feature ${feature}`).toEqual(oracle?.facts ?? []);
    if (!oracle) continue;
    expect(hits / fired).toBeCloseTo(oracle.precision, 12);
    expect(hits / holds).toBeCloseTo(oracle.recall, 12);
  }
});

test('no document is in both halves, and every token is in one', () => {
  const w = world();
  const measuring = measuringDocuments(w);
  const r = truthLens(sparse(w), w.names, { seed: SEED });
  expect(r.nTokens).toBe(measuring.size * SIDE);
  expect(r.nChosen + r.nTokens).toBe(TOKENS);
  expect(Math.abs(measuring.size - 100)).toBeLessThan(40); // 200 fair draws: 40 is 5.6 standard deviations
});

test('dead features and those with fewer than ten firings to choose by get no fact', () => {
  const w = world();
  const r = truthLens(sparse(w), w.names, { seed: SEED });
  expect(r.tracked[3]).toEqual({ facts: [], fired: 0, holds: 0, hits: 0, chosenF1: 0 });
  expect(r.tracked[5]?.facts).toEqual([]);
  expect(truthLens(sparse(w), w.names, { seed: SEED, minFired: 1 }).tracked[5]?.facts).not.toEqual([]);
});

test('a dense feature is matched by a common fact, and the baseline gives it away', () => {
  const w = world();
  const r = truthLens(sparse(w), w.names, { seed: SEED });
  const { facts, fired, holds, hits } = r.tracked[4]!;
  expect(facts).toEqual([7]);
  // The precision is high; the share of all tokens where the fact holds is nearly as high.
  expect(hits / fired - holds / r.nTokens).toBeLessThan(0.07);
});

test('noise has a low F1 on the measuring half', () => {
  const w = world();
  const { fired, holds, hits } = truthLens(sparse(w), w.names, { seed: SEED }).tracked[2]!;
  expect((2 * hits) / (fired + holds)).toBeLessThan(0.3);
});

test('a pair never takes two facts of one variable, and only with a gain of the margin', () => {
  const w = world();
  const r = truthLens(sparse(w), w.names, { seed: SEED, margin: 0 });
  for (const { facts } of r.tracked) {
    const variables = facts.map((f) => variableOf(w.names[f] as string));
    expect(new Set(variables).size).toBe(variables.length);
  }
  const strict = truthLens(sparse(w), w.names, { seed: SEED, margin: 0.9 });
  expect(strict.tracked.every((t) => t.facts.length < 2)).toBe(true);
});

test('the reverse view names the feature that captures a fact best', () => {
  const w = world();
  const { captured, tracked, holds: all } = truthLens(sparse(w), w.names, { seed: SEED });
  expect(captured[5]?.feature).toBe(0);
  expect(captured[6]?.feature).toBe(6);
  const { hits, holds, fired } = captured[5]!;
  expect(all[5]?.measured).toBe(holds);
  expect([hits, holds, fired]).toEqual([tracked[0]?.hits, tracked[0]?.holds, tracked[0]?.fired]);
});
