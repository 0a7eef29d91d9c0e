import { expect, test } from 'vitest';
import type { FeatureTable } from '#engine/protocol/features.ts';
import type { TruthTable } from '#engine/protocol/metrics.ts';
import { countDead, densityOfSlider, dominantHead, orderRows, sliderOfDensity } from './feature_rows.ts';
import { logDensityHistogram } from './log_density.ts';

const table: FeatureTable = {
  ...{ sae: 's', nTokens: 1000, n_heads: 2, topToken: ['a', 'b', 'c'] },
  density: Float32Array.of(0.5, 0, 0.25),
  maxAct: Float32Array.of(1, 0, 9),
  headShare: Float32Array.of(0.25, 0.75, 0.5, 0.5, 1, 0),
};

test('rows sort by column both ways, ties by the lower index', () => {
  expect([...orderRows(table, { sort: 'maxAct', desc: true })]).toEqual([2, 0, 1]);
  expect([...orderRows(table, { sort: 'density', desc: false })]).toEqual([1, 2, 0]);
  expect([...orderRows(table, { sort: 'headShare', desc: true })]).toEqual([2, 0, 1]);
  expect([...orderRows(table, { sort: 'effect', desc: true })]).toEqual([0, 1, 2]);
});

const truth: TruthTable = {
  ...{ sae: 's', nTokens: 10, nChosen: 10, seed: '', definition: '' },
  facts: [['topic=sea'], [], ['kind=recipe', 'next.slot=place']],
  precision: Float32Array.of(1, Number.NaN, 1),
  recall: Float32Array.of(1, Number.NaN, 1),
  f1: Float32Array.of(0.25, Number.NaN, 0.75),
  baseline: Float32Array.of(0, Number.NaN, 0),
  fired: Uint32Array.of(1, 0, 1),
};

test('rows sort by the F1 of what they track, those without a fact lowest', () => {
  expect([...orderRows(table, { sort: 'tracks', desc: true, truth })]).toEqual([2, 0, 1]);
  expect([...orderRows(table, { sort: 'tracks', desc: false, truth })]).toEqual([1, 0, 2]);
});

test.each([
  ['topic=sea', [0]],
  ['Next word is a place', [2]],
  ['kind=', [2]],
  [' ', [0, 1, 2]],
  ['nothing like it', []],
])('the words %j find the facts that contain them, as written or as read', (tracks, rows) => {
  const query = { sort: 'feature', desc: false, tracks } as const;
  expect([...orderRows(table, { ...query, truth })]).toEqual(rows);
  expect([...orderRows(table, query)]).toEqual([0, 1, 2]);
});

test('the density range is inclusive', () => {
  expect([...orderRows(table, { sort: 'feature', desc: false, minDensity: 0.25, maxDensity: 0.5 })]).toEqual([
    0, 2,
  ]);
});

test('a feature belongs to the head with the largest share', () => {
  expect(dominantHead(table, 0)).toEqual({ head: 1, share: 0.75 });
});

test('the slider is logarithmic and its ends mean no bound', () => {
  expect([0, 100].map(densityOfSlider)).toEqual([undefined, undefined]);
  expect(densityOfSlider(sliderOfDensity(0.01))).toBe(0.01);
  expect(sliderOfDensity(undefined)).toBe(0);
});

test('dead features are counted and have no place on the log axis', () => {
  expect(countDead(table.density)).toBe(1);
  const h = logDensityHistogram(table.density);
  expect(h.counts.reduce((a, b) => a + b, 0)).toBe(2);
  expect(h.counts[38]).toBe(1); // log10 0.5 = −0.30 is in [−0.4, −0.2)
});
