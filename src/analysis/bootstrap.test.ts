import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { bootstrap, figureInterval, pairedDifference, pooledFigure } from './bootstrap.ts';
import type { EvalSums } from './metrics.ts';

const batch = (o: Partial<EvalSums> & { spliced?: number; clean?: number }): EvalSums => ({
  tokens: 10,
  predictions: 9,
  error: 1,
  deviation: 10,
  firings: 40,
  kl: 0,
  ...o,
  nats: { clean: o.clean ?? 18, spliced: o.spliced ?? 19, zero: 36, mean: 30 },
});

test('figures are ratios of sums, not means of ratios', () => {
  const batches = [batch({}), batch({ tokens: 30, predictions: 27, error: 6, deviation: 20, firings: 60 })];
  expect(pooledFigure(batches, 'explainedVariance')).toBeCloseTo(1 - 7 / 30, 12);
  expect(pooledFigure(batches, 'l0')).toBeCloseTo(100 / 40, 12);
  expect(pooledFigure(batches, 'mse')).toBeCloseTo(7 / 40, 12);
  expect(pooledFigure(batches, 'deltaCe')).toBeCloseTo(2 / 36, 12);
  expect(pooledFigure(batches, 'ceRecovered')).toBeCloseTo((72 - 38) / (72 - 36), 12);
});

test('the interval of a mean is 1.96 standard errors, from a seeded stream', () => {
  const rng = makeRng('bootstrap test');
  const values = Array.from({ length: 400 }, () => rng.normal());
  const mean = (drawn: readonly number[]): number => drawn.reduce((s, i) => s + values[i]!, 0) / drawn.length;
  const { value, low, high } = bootstrap(400, mean);
  const deviation = Math.sqrt(values.reduce((s, v) => s + (v - value) ** 2, 0) / 400);
  // 1,000 draws know a 2.5 % percentile to about a tenth of its distance.
  expect((high - low) / ((2 * 1.96 * deviation) / 20)).toBeGreaterThan(0.88);
  expect((high - low) / ((2 * 1.96 * deviation) / 20)).toBeLessThan(1.12);
  expect(bootstrap(400, mean)).toEqual({ value, low, high });
  expect(bootstrap(400, mean, 1).low).not.toBe(low);
});

test('a paired difference cancels what batches have in common; one batch has no interval', () => {
  const rng = makeRng('batches');
  const hard = Array.from({ length: 40 }, () => 1 + 8 * rng.uniform());
  const a = hard.map((h) => batch({ error: h * 0.9 }));
  const b = hard.map((h) => batch({ error: h }));
  const own = figureInterval(a, 'explainedVariance');
  const difference = pairedDifference(a, b, 'explainedVariance');
  expect(difference.low).toBeGreaterThan(0);
  expect(difference.high - difference.low).toBeLessThan((own.high - own.low) / 5);
  expect(figureInterval([batch({})], 'l0')).toEqual({ value: 4, low: Number.NaN, high: Number.NaN });
});
