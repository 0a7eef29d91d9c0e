import { expect, test } from 'vitest';
import { domainOf, pathOf } from './line_path.ts';

const id = (v: number) => v;

test('the domain spans all curves and leaves out what is not finite', () => {
  expect(
    domainOf(
      [
        [1, 5],
        [-2, Number.NaN],
      ],
      'linear',
    ),
  ).toEqual([-2, 5]);
  expect(domainOf([[0, -3, 10, 0.1]], 'log')).toEqual([0.1, 10]);
});

test('a single value gets room around it and no value the unit interval', () => {
  expect(domainOf([[4, 4]], 'linear')).toEqual([3.6, 4.4]);
  expect(domainOf([[4]], 'log')).toEqual([2, 8]);
  expect(domainOf([[0]], 'linear')).toEqual([0, 1]);
  expect(domainOf([[]], 'linear')).toEqual([0, 1]);
});

test('a value that cannot be drawn breaks the path', () => {
  expect(pathOf([0, 1, 2, 3], [1, 2, Number.NaN, 3], id, id)).toBe('M0,1L1,2M3,3Z');
  expect(pathOf([], [], id, id)).toBe('');
});
