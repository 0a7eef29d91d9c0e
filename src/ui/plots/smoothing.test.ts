import { expect, test } from 'vitest';
import { nearestIndex, smoothSeries } from './smoothing.ts';

test('no smoothing gives the values back', () => {
  expect([...smoothSeries([3, 1, 2], 0)]).toEqual([3, 1, 2]);
});

test('a constant series stays constant from its first point, whatever the smoothing', () => {
  for (const s of [0.3, 0.6, 0.99])
    for (const y of smoothSeries([5, 5, 5, 5], s)) expect(y).toBeCloseTo(5, 12);
});

test('smoothing 0.5 weighs the newest value by a half, corrected at the start', () => {
  // m1 = 0.5·2 ÷ 0.5 = 2; m2 = (0.5·1 + 0.5·4) ÷ 0.75 = 10/3.
  expect([...smoothSeries([2, 4], 0.5)]).toEqual([2, 2.5 / 0.75]);
});

test('a missing value is a gap and does not move the average', () => {
  const [a, gap, b] = smoothSeries([1, Number.NaN, 1], 0.6);
  expect([a, b]).toEqual([1, 1]);
  expect(gap).toBeNaN();
});

test('the nearest point wins; a tie goes to the earlier one', () => {
  const xs = [0, 10, 20];
  expect([-5, 4, 5, 6, 19, 99].map((x) => nearestIndex(xs, x))).toEqual([0, 0, 0, 1, 2, 2]);
  expect(nearestIndex([], 1)).toBeUndefined();
});
