import { expect, test } from 'vitest';
import type { Example } from '#engine/protocol/features.ts';
import { groupExamples, promptOfExample, shareOf } from './example_rows.ts';

const example = (act: number, o: Partial<Example> = {}): Example => {
  const ids = Array.from({ length: 30 }, (_, i) => i + Math.round(act * 1000));
  const acts = new Float32Array(30);
  acts[20] = act;
  return { ids, pieces: ids.map((i) => ` t${i}`), acts, at: 20, position: 20, start: 0, interval: -1, ...o };
};
const histogram = { edges: Float32Array.of(0, 1, 2, 3, 4), counts: Float64Array.of(6, 2, 1, 1) };

test('the top comes first, then intervals from strong to weak, with their range and share', () => {
  const groups = groupExamples(
    [example(0.5, { interval: 0 }), example(4), example(3.5, { interval: 3 })],
    histogram,
    {
      snippet: 'stacked',
    },
  );
  expect(groups.map((g) => [g.interval, g.range, g.share])).toEqual([
    [-1, undefined, undefined],
    [3, [3, 4], 0.1],
    [0, [0, 1], 0.6],
  ]);
});

test('equal windows fold into one row that counts them', () => {
  const groups = groupExamples([example(4), example(4), example(3)], histogram, { snippet: 'snippet' });
  expect(groups[0]?.rows.map((r) => r.duplicates)).toEqual([1, 0]);
});

test('the context cuts the window around the firing token', () => {
  const [group] = groupExamples([example(4)], histogram, { snippet: 'stacked' });
  expect(group?.rows[0]).toMatchObject({ from: 15, to: 26 });
});

test('a picked bin leaves only examples of that strength', () => {
  const groups = groupExamples([example(4), example(2.5)], histogram, { snippet: 'full', bin: 2 });
  expect(groups.flatMap((g) => g.rows).map((r) => r.example.acts[20])).toEqual([2.5]);
});

test('the share of a range counts bins by their middle', () => {
  expect(shareOf(histogram, [0, 2])).toBe(0.8);
});

test('an example becomes a prompt whose destination is the firing token, BOS counted once', () => {
  const e = { ...example(1), pieces: ['<bos>', 'a', ' b'], ids: [0, 5, 6], at: 2 };
  expect(promptOfExample(e, { bos: true, hasTokenizer: true })).toEqual({ prompt: 'a b', position: 2 });
  expect(
    promptOfExample({ ...e, pieces: ['x', 'a', ' b'], start: 9 }, { bos: true, hasTokenizer: true }),
  ).toEqual({
    prompt: 'xa b',
    position: 3,
  });
  expect(promptOfExample(e, { bos: true, hasTokenizer: false })).toEqual({ prompt: '0 5 6', position: 2 });
});
