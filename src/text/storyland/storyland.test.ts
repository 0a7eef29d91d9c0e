import { expect, test } from 'vitest';
import { HELD_OUT } from './kinds/ioi_templates.ts';
import { probes } from './probes.ts';
import { KINDS, storyland } from './storyland.ts';
import { NAMES } from './words.ts';

test('the same seed writes the same documents, another seed writes others', () => {
  const texts = (seed: string): string[] => {
    const land = storyland(seed);
    return Array.from({ length: 50 }, () => land.document().text);
  };
  expect(texts('a')).toEqual(texts('a'));
  expect(texts('a')).not.toEqual(texts('b'));
});

test.each(KINDS)('every %s document is text without holes', (kind) => {
  const land = storyland('holes');
  for (let i = 0; i < 300; i++) {
    const { text } = land.document(kind);
    expect(text.length).toBeGreaterThan(10);
    if (kind !== 'code' && kind !== 'config') expect(text).not.toMatch(/[{}]|undefined| {2}/);
    expect(text).not.toMatch(/undefined/);
    expect(text).not.toMatch(/\b[Aa] [aeio][a-z]+/);
  }
});

test('there are sixty different names and at least twelve kinds', () => {
  expect(new Set(NAMES).size).toBe(60);
  expect(KINDS.length).toBeGreaterThanOrEqual(12);
});

test('an echo repeats from copyFrom on', () => {
  const land = storyland('echo');
  for (let i = 0; i < 50; i++) {
    const { text, copyFrom = 0 } = land.document('echo', 30);
    const first = text.slice(text.indexOf(':') + 1, copyFrom);
    expect(first.repeat(40).startsWith(text.slice(copyFrom))).toBe(true);
  }
});

test('a probe names both people before it asks, and brackets close what is open', () => {
  const make = probes('test');
  for (let i = 0; i < 200; i++) {
    const p = make.ioi(i % 2 === 0);
    expect(p.text).toContain(p.io);
    expect(p.text.split(/\W+/).filter((w) => w === p.s).length).toBeGreaterThanOrEqual(2);
    const b = make.bracket();
    const open = [...(b.text.split('\n').pop() as string)].filter((c) => '([{'.includes(c)).length;
    expect(open).toBeGreaterThanOrEqual(b.depth);
  }
});

test('no training document uses a held-out template', () => {
  const starts = HELD_OUT.map((t) => t.slice(0, t.indexOf('{')).trim()).filter(
    (s) => s.split(' ').length > 2,
  );
  const land = storyland('held out');
  for (let i = 0; i < 3000; i++) {
    const { text } = land.document('ioi');
    for (const start of starts) expect(text.startsWith(start)).toBe(false);
  }
});
