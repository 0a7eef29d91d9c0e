import { expect, test } from 'vitest';
import { binOf, countScale, countTicks, totalOf } from './bin_scale.ts';

test('a value on an inner edge belongs to the bin above, the last edge to the last bin', () => {
  const edges = [0, 1, 2, 4];
  expect([0, 0.5, 1, 2, 3.9, 4].map((v) => binOf(edges, v))).toEqual([0, 0, 1, 2, 2, 2]);
  expect([-0.1, 4.1, Number.NaN].map((v) => binOf(edges, v))).toEqual([undefined, undefined, undefined]);
  expect(binOf([], 1)).toBeUndefined();
});

test('on both scales an empty bin has no height and the largest has all of it', () => {
  for (const kind of ['linear', 'log'] as const) {
    const y = countScale(kind, 1000, 70);
    expect(y(0)).toBe(0);
    expect(y(1000)).toBeCloseTo(70, 9);
  }
  expect(countScale('log', 1000, 70)(1)).toBeGreaterThan(5);
});

test('the log scale is ticked at powers of ten, at most four of them', () => {
  expect(countTicks('log', 1000)).toEqual([1, 10, 100, 1000]);
  expect(countTicks('log', 1e8).length).toBeLessThanOrEqual(5);
  expect(countTicks('linear', 10)).toEqual([5, 10]);
});

test('the total is the sum of the counts', () => {
  expect(totalOf(Float64Array.of(1, 2, 3))).toBe(6);
});
