import { expect, test } from 'vitest';
import { patternAt, patternPixels, topSources } from './pattern_image.ts';

// One head, two tokens: the second takes 0.25 from the first and 0.75 from itself.
const pattern = { shape: [1, 2, 2], data: new Float32Array([1, 0, 0.25, 0.75]) };

test('a cell is read by head, dest and source', () => {
  expect(patternAt(pattern, [0, 1, 0])).toBe(0.25);
  expect(patternAt(pattern, [3, 1, 0])).toBe(0);
});

test('the sources of a dest come largest first and never from its future', () => {
  expect(topSources(pattern, 1, 4)).toEqual([
    {
      head: 0,
      sources: [
        { pos: 1, share: 0.75 },
        { pos: 0, share: 0.25 },
      ],
    },
  ]);
  expect(topSources(pattern, 0, 4)[0]?.sources).toEqual([{ pos: 0, share: 1 }]);
});

test('opacity is the square root of the share', () => {
  const px = patternPixels(pattern, 0, [1, 2, 3]);
  expect([...px.slice(8, 12)]).toEqual([1, 2, 3, 128]);
  expect(px[7]).toBe(0);
});
