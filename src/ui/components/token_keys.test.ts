import { expect, test } from 'vitest';
import { moveTo } from './token_keys.ts';

test('arrows move by one and stop at both ends', () => {
  expect(moveTo('ArrowRight', 2, 4)).toBe(3);
  expect(moveTo('ArrowRight', 3, 4)).toBe(3);
  expect(moveTo('ArrowLeft', 0, 4)).toBe(0);
});

test('Home and End jump, other keys do not move', () => {
  expect(moveTo('Home', 3, 4)).toBe(0);
  expect(moveTo('End', 0, 4)).toBe(3);
  expect(moveTo('a', 1, 4)).toBeUndefined();
  expect(moveTo('Home', 0, 0)).toBeUndefined();
});
