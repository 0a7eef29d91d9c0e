import { expect, test } from 'vitest';
import { makeRng } from './rng.ts';

test('equal seeds give equal streams, forks are independent of draws', () => {
  const a = makeRng(7);
  const b = makeRng(7);
  const forked = a.fork('x').uniform();
  b.uniform();
  expect(b.fork('x').uniform()).toBe(forked);
  expect(makeRng(8).fork('x').uniform()).not.toBe(forked);
});

test('a stream goes on from its state', () => {
  const a = makeRng('s');
  a.normal();
  const b = makeRng('s', a.state);
  expect([b.uniform(), b.int(1000)]).toEqual([a.uniform(), a.int(1000)]);
});

test('normal draws have mean 0 and variance 1', () => {
  const r = makeRng('n');
  const xs = Array.from({ length: 20_000 }, () => r.normal());
  const mean = xs.reduce((s, x) => s + x, 0) / xs.length;
  const variance = xs.reduce((s, x) => s + (x - mean) ** 2, 0) / xs.length;
  expect(Math.abs(mean)).toBeLessThan(0.03); // 4 standard errors
  expect(Math.abs(variance - 1)).toBeLessThan(0.04);
});
