import { expect, test } from 'vitest';
import { bf16ToNumber, ceilDiv, f16ToNumber, numberToF16, quantile, roundUp } from './num.ts';

test('every finite half survives the round trip', () => {
  for (let bits = 0; bits < 0x7c00; bits++) {
    expect(numberToF16(f16ToNumber(bits))).toBe(bits);
    expect(numberToF16(f16ToNumber(bits | 0x8000))).toBe(bits | 0x8000);
  }
});

test('rounding to half goes to the nearest, ties to even', () => {
  expect(f16ToNumber(numberToF16(1 + 2 ** -11))).toBe(1);
  expect(f16ToNumber(numberToF16(1 + 3 * 2 ** -11))).toBe(1 + 2 ** -9);
  expect(numberToF16(70000)).toBe(0x7c00);
  expect(numberToF16(2 ** -26)).toBe(0);
  expect(Number.isNaN(f16ToNumber(numberToF16(Number.NaN)))).toBe(true);
});

test('bf16 is the upper half of f32', () => {
  expect(bf16ToNumber(0x3f80)).toBe(1);
  expect(bf16ToNumber(0xc040)).toBe(-3);
});

test('quantiles are linear between neighbours', () => {
  expect(quantile([1, 2, 3], 0.25)).toBe(1.5);
  expect(quantile([], 0.5)).toBeNaN();
  expect([ceilDiv(7, 3), roundUp(7, 4)]).toEqual([3, 8]);
});
