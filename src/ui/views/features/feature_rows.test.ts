import { expect, test } from 'vitest';
import type { FeatureTable } from '#engine/protocol.ts';
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
