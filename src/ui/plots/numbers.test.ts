import { expect, test } from 'vitest';
import { formatAct, formatBytes, formatPercent, formatSeconds, formatShort, formatValue } from './numbers.ts';

test('an act has two decimals, three when it would read 0.00', () => {
  expect([2.345678, 0.004, 0, -1.5, Number.NaN].map(formatAct)).toEqual([
    '2.35',
    '0.004',
    '0.00',
    '−1.50',
    'N/A',
  ]);
});

test('values keep four significant digits and large ones are grouped', () => {
  expect([1234.4, 22590, -0.5, 0.001].map(formatValue)).toEqual(['1234', '22,590', '−0.5', '0.001']);
  expect(formatShort(1_200_000)).toBe('1.2M');
  expect(formatPercent(0.00238)).toBe('0.238%');
});

test('bytes and seconds carry the unit a person would use', () => {
  expect([512, 3.4e6, 5e9].map(formatBytes)).toEqual(['512 B', '3.24 MiB', '4.66 GiB']);
  expect([4.2, 42, 185, 7620].map(formatSeconds)).toEqual(['4.2 s', '42 s', '3 min 05 s', '2 h 07 min']);
});
