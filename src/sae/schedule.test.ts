import { expect, test } from 'vitest';
import { COMMON_FIELDS, resolveConfig, type SaeConfig } from './config.ts';
import { deadLimit, deadSteps, deadTokens } from './dead.ts';
import { lrAt, lrOf, stepsPerSubmit } from './schedule.ts';
import { variantOf } from './variants/index.ts';

const cfg = (o: Record<string, number>): SaeConfig => resolveConfig<SaeConfig>('test', COMMON_FIELDS, o);

test('the rate rises, stays and falls, and is never 0', () => {
  const c = cfg({ lr: 0.1, warmup: 0.1, decay: 0.2 });
  const rates = Array.from({ length: 100 }, (_, i) => lrAt(i + 1, 100, c, 64));
  expect(rates[0]).toBeCloseTo(0.01, 12);
  expect(rates.slice(9, 81)).toEqual(new Array(72).fill(0.1));
  expect(rates[98]).toBeCloseTo(0.01, 12);
  expect(rates[99]).toBeCloseTo(0.005, 12);
  expect(lrAt(1, 1, c, 64)).toBe(0.1);
});

test('rate 0 takes 2e-4·sqrt(16384 ÷ d_sae)', () => {
  expect(lrAt(50, 100, cfg({}), 16384)).toBeCloseTo(2e-4, 12);
  expect(lrAt(50, 100, cfg({}), 1024)).toBeCloseTo(8e-4, 12);
});

test('the dead window is 200 k tokens or ten expected firings, in whole steps', () => {
  expect(deadTokens(cfg({}), 1024, 32)).toBe(200_000);
  expect(deadTokens(cfg({}), 2 ** 20, 16)).toBe(655_360);
  expect(deadSteps(cfg({ deadTokens: 1000 }), 64, 4, 300)).toBe(4);
  expect([deadLimit(3, 4), deadLimit(4, 4), deadLimit(5, 4)]).toEqual([0, 0, 1]);
});

test('a submit holds 50 ms of steps', () => {
  expect([undefined, 200, 50, 12, 0.1].map((ms) => stepsPerSubmit(ms, 32))).toEqual([1, 1, 1, 4, 32]);
});

test('rate 0 of L1 covers in a short run what 5e-5 covers in 200,000 steps', () => {
  const variant = variantOf('l1');
  const config = resolveConfig<SaeConfig>('l1', variant.fields, {});
  const shape = { batch: 1, d_in: 4, d_sae: 64, slots: 64, k_aux: 0 };
  const rate = (steps: number, lr = 0): number =>
    lrOf({ variant, cfg: { ...config, lr }, steps, shape }, Math.floor(steps / 2));
  expect(rate(200_000)).toBeCloseTo(5e-5, 12);
  expect(rate(2_000_000)).toBeCloseTo(5e-5, 12);
  expect(rate(5000)).toBeCloseTo(2e-3, 12);
  expect(rate(586)).toBeCloseTo(1e-2, 12);
  expect(rate(586, 3e-4)).toBeCloseTo(3e-4, 12);
});
