import { expect, test } from 'vitest';
import { appendPoints, emptySeries } from './series.ts';

const points = (from: number, n: number) =>
  Array.from({ length: n }, (_, i) => ({ tokens: from + i, values: { loss: (from + i) * 2 } }));

test('a short series keeps every point', () => {
  const s = appendPoints(emptySeries(['loss']), points(0, 5), 8);
  expect(s.tokens).toEqual([0, 1, 2, 3, 4]);
  expect(s.columns['loss']).toEqual([0, 2, 4, 6, 8]);
});

test('beyond its bound a series keeps every second point, evenly, and the first one', () => {
  const s = appendPoints(emptySeries(['loss']), points(0, 100), 8);
  expect(s.tokens.length).toBeLessThanOrEqual(8);
  expect(s.tokens[0]).toBe(0);
  const gaps = new Set(s.tokens.slice(1).map((t, i) => t - (s.tokens[i] as number)));
  expect([...gaps]).toEqual([s.stride]);
  expect(s.columns['loss']).toEqual(s.tokens.map((t) => t * 2));
});

test('the series does not depend on how the points are batched, and its input stays as it was', () => {
  const empty = emptySeries(['loss']);
  const once = appendPoints(empty, points(0, 57), 8);
  let bits = empty;
  for (let i = 0; i < 57; i++) bits = appendPoints(bits, points(i, 1), 8);
  expect(bits).toEqual(once);
  expect(empty.tokens).toEqual([]);
});
