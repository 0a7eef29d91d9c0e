import { expect, test } from 'vitest';
import type { Dfa } from '#engine/protocol/prompts.ts';
import { dfaMatrix, topHeadsAt, topSources } from './dfa_matrix.ts';

// Two heads, three tokens, destination 1: the last column is zero and left out.
const dfa: Dfa = {
  ...{ feature: 3, dest: 1, act: 2, preAct: 2, bias: 0.5, residual: 4e-6 },
  byHeadAndSource: { shape: [2, 3], data: Float32Array.of(1, -2, 0, 0.5, 2, 0) },
};

test('sources after the destination are left out and the margins add up', () => {
  const m = dfaMatrix(dfa);
  expect(m.n_sources).toBe(2);
  expect([...m.values]).toEqual([1, -2, 0.5, 2]);
  expect([...m.bySource]).toEqual([1.5, 0]);
  expect([...m.byHead]).toEqual([-1, 2.5]);
  expect(m.sum).toBe(1.5);
});

test('the strongest source is the largest positive one, and none when all take away', () => {
  expect(dfaMatrix(dfa).strongest).toBe(0);
  const negative = { ...dfa, byHeadAndSource: { shape: [1, 2], data: Float32Array.of(-1, -2) } };
  expect(dfaMatrix(negative).strongest).toBeUndefined();
});

test('the residual is relative to the sum of magnitudes', () => {
  expect(dfaMatrix(dfa).relativeResidual).toBeCloseTo(4e-6 / 5.5, 12);
});

test('heads share by magnitude, and lists come by magnitude', () => {
  const m = dfaMatrix(dfa);
  expect(m.headShare[0]).toBeCloseTo(3 / 5.5, 6);
  expect(topHeadsAt(m, 1, 2)).toEqual([
    { head: 0, value: -2 },
    { head: 1, value: 2 },
  ]);
  expect(topSources(m, 1)).toEqual([{ source: 0, value: 1.5 }]);
});
