import { expect, test } from 'vitest';
import { nextPace } from './pin_pace.ts';

test('a fast sample doubles up to its end, a slow one halves down to one batch, and between them it stays', () => {
  expect(nextPace(20, { batches: 1, most: 8 })).toEqual({ batches: 2, every: 3000 });
  expect(nextPace(249, { batches: 6, most: 8 })).toEqual({ batches: 8, every: 3000 });
  expect(nextPace(400, { batches: 4, most: 8 })).toEqual({ batches: 4, every: 3000 });
  expect(nextPace(501, { batches: 5, most: 8 })).toEqual({ batches: 2, every: 3000 });
  expect(nextPace(900, { batches: 1, most: 8 })).toEqual({ batches: 1, every: 4500 });
});

test('whatever a batch costs, refreshes settle at a fifth of the time or less', () => {
  for (const cost of [1, 30, 90, 200, 480, 700, 2000]) {
    let pace = { batches: 1, every: 3000 };
    for (let n = 0; n < 20; n++) {
      const ms = cost * pace.batches;
      pace = nextPace(ms, { batches: pace.batches, most: 16 });
      expect(ms / pace.every, `${cost} ms a batch`).toBeLessThanOrEqual(0.2);
      if (cost <= 500) expect(pace.every).toBe(3000);
    }
  }
});
