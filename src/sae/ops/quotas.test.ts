import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { fitZipf, largestRemainder, ranked, zipfShares } from './quotas.ts';

const sum = (v: ArrayLike<number>): number => Array.from(v).reduce((a, b) => a + b, 0);

test('quotas sum to the total, keep their bounds and lie within one of the clamped shares', () => {
  const rng = makeRng('quotas');
  for (let round = 0; round < 200; round++) {
    const count = 1 + rng.int(40);
    const high = 1 + rng.int(30);
    const total = count + rng.int(count * (high - 1) + 1);
    const shares = Float64Array.from({ length: count }, () => 0.01 + rng.uniform() ** 4);
    const got = largestRemainder(shares, total, 1, high);
    expect(sum(got)).toBe(total);
    expect(Math.min(...got)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...got)).toBeLessThanOrEqual(high);
    // Larger shares never get fewer.
    const order = Array.from(shares, (_, i) => i).sort((a, b) => shares[a]! - shares[b]!);
    for (let i = 1; i < count; i++) expect(got[order[i]!]!).toBeGreaterThanOrEqual(got[order[i - 1]!]!);
  }
});

test('quotas of known cases', () => {
  expect([...largestRemainder([1, 1, 1], 8, 1, 9)]).toEqual([3, 3, 2]);
  expect([...largestRemainder([5, 3, 2], 7, 0, 7)]).toEqual([4, 2, 1]);
  expect([...largestRemainder([100, 1, 1, 1], 12, 1, 6)]).toEqual([6, 2, 2, 2]);
  expect([...largestRemainder([1000, 1, 1], 5, 1, 9)]).toEqual([3, 1, 1]);
  expect(() => largestRemainder([1, 1], 5, 1, 2)).toThrow('Quotas of 1 to 2 for 2 features cannot sum to 5.');
});

test('a fit finds the law that densities were drawn from, whatever their order and their low end', () => {
  for (const law of [
    { s: 0.9, q: 2 },
    { s: 1.4, q: 0 },
    { s: 0.6, q: 20 },
  ]) {
    const density = zipfShares(law, 500).map((v, r) => (r > 450 ? 0 : 0.3 * v));
    const fitted = fitZipf(density.slice().reverse(), { s: 1, q: 1 });
    expect(Math.abs(fitted.s - law.s)).toBeLessThan(0.02);
    expect(Math.abs(fitted.q - law.q)).toBeLessThan(0.05 * law.q + 0.05);
  }
  expect(fitZipf([0, 0, 1], { s: 0.8, q: 3 })).toEqual({ s: 0.8, q: 3 });
  expect(fitZipf([0.5, 0.5, 0.5, 0.5, 0.5], { s: 0.8, q: 3 })).toEqual({ s: 0.8, q: 3 });
  expect(ranked([0.1, 0.4, 0.1, 0])).toEqual([1, 0, 2, 3]);
});
