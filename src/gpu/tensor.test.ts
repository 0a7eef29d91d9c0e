import { expect, test } from 'vitest';
import { byteSize, rowAlignment, rowChunks, rows, view } from './tensor.ts';
import { testGpu } from './testing.ts';

const gpu = await testGpu();

test('bytes round up to whole words', () => {
  expect([
    byteSize([3], 'f16'),
    byteSize([2, 3], 'f32'),
    byteSize([], 'u32'),
    byteSize([0, 4], 'f32'),
  ]).toEqual([8, 24, 4, 0]);
});

test('a view shares the buffer and must lie in its tensor', () => {
  using s = gpu.scope('test');
  const t = s.tensor('t', [4, 96], 'f32');
  const second = rows(t, 2, 2);
  expect([second.shape, second.byteOffset, second.byteLength]).toEqual([[2, 96], 768, 768]);
  expect(view(second, { shape: [96], byteOffset: 384 }).byteOffset).toBe(1152);
  expect(() => rows(t, 3, 2)).toThrow(/does not lie in t \[4,96\]/);
  expect(() => view(t, { shape: [1], byteOffset: 2 })).toThrow(/does not lie/);
});

test('row chunks start at multiples of 256 bytes and cover every row once', () => {
  using s = gpu.scope('test');
  for (const [n, d, max] of [
    [100, 24, 4096],
    [7, 5, 1 << 20],
    [300, 1, 512],
    [65, 64, 256],
  ] as const) {
    const t = s.tensor('t', [n, d], 'f32');
    let next = 0;
    for (const chunk of rowChunks(t, max)) {
      expect(chunk.from).toBe(next);
      expect(chunk.rows.byteOffset % 256).toBe(0);
      expect(chunk.rows.byteLength).toBeLessThanOrEqual(max);
      next += chunk.count;
    }
    expect(next).toBe(n);
  }
});

test('rows that no binding can hold are refused with the figures', () => {
  using s = gpu.scope('test');
  const t = s.tensor('W_E', [64, 3], 'f32');
  expect(rowAlignment(t)).toBe(64);
  expect(() => [...rowChunks(t, 700)]).toThrow(/W_E \[64,3\]: 64 rows of 12 bytes exceed .* 700 bytes/);
});
