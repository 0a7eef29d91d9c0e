import { expect, test } from 'vitest';
import { actAlpha, maxAbs, signedFill } from './act_scale.ts';

test('the fill is empty at zero, 0.05 just above it and full at the maximum', () => {
  expect(actAlpha(0, 4)).toBe(0);
  expect(actAlpha(-1, 4)).toBe(0);
  expect(actAlpha(6e-5, 4)).toBeCloseTo(0.05, 3);
  expect(actAlpha(4, 4)).toBe(1);
  expect(actAlpha(9, 4)).toBe(1);
});

test('nothing is filled when the maximum is zero', () => {
  expect(actAlpha(1, 0)).toBe(0);
  expect(signedFill(1, 0)).toEqual({ alpha: 0, negative: false });
});

test('opposite values have the same strength and differ in sign', () => {
  expect(signedFill(-2, 4)).toEqual({ alpha: 0.5, negative: true });
  expect(signedFill(2, 4)).toEqual({ alpha: 0.5, negative: false });
});

test('the largest magnitude passes over what is not finite', () => {
  expect(maxAbs([1, -3, Number.NaN, Number.POSITIVE_INFINITY])).toBe(3);
  expect(maxAbs([])).toBe(0);
});
