import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import type { EvalSums } from './metrics.ts';
import { standings } from './standings.ts';

/** Thirty batches of an SAE with this L0 and loss of cross-entropy; the text is as hard for all of them. */
function batches(l0: number, nats: number): EvalSums[] {
  const rng = makeRng('standings');
  return Array.from({ length: 30 }, () => {
    const clean = 15 + 10 * rng.uniform();
    const wobble = 0.05 * rng.uniform();
    return {
      tokens: 10,
      predictions: 10,
      error: 1 + nats,
      deviation: 10,
      firings: 10 * l0,
      kl: 0,
      nats: { clean, spliced: clean + nats + wobble * nats, zero: clean + 10, mean: clean + 5 },
    };
  });
}

test('only SAEs of equal L0 are compared, by what text they share', () => {
  const [a, b, c, d] = standings([batches(8, 1), batches(8.3, 0.5), batches(16, 0.1), batches(8.1, 1.5)]);
  expect(a).toMatchObject({ equals: [1, 3], leader: 1 });
  expect(b).toMatchObject({ equals: [0, 3], leader: 1 });
  expect(b).not.toHaveProperty('behind');
  expect(c).toMatchObject({ equals: [], leader: 2 });
  expect(d).toMatchObject({ leader: 1 });
  // (1 − 0.5) ÷ 10 of recovered cross-entropy, times at most 1.05; the intervals tell the two apart.
  expect(a!.behind!.value).toBeLessThan(-0.05);
  expect(a!.behind!.value).toBeGreaterThan(-0.0525);
  expect(a!.behind!.high).toBeLessThan(0);
  expect(a!.l0.value).toBe(8);
});

test('explained variance leads where no cross-entropy was measured', () => {
  const blind = (l0: number, nats: number): EvalSums[] =>
    batches(l0, nats).map((s) => ({ ...s, nats: { clean: 0, spliced: 0, zero: 0, mean: 0 } }));
  const [a, b] = standings([blind(8, 1), blind(8, 0.5)], 'explainedVariance');
  expect([a!.leader, b!.leader]).toEqual([1, 1]);
  expect(a!.behind!.value).toBeCloseTo(-0.05, 9);
});
