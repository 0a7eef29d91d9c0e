import { expect, test } from 'vitest';
import type { PromptReport } from '#engine/protocol/prompts.ts';
import { featureRows, nextChanges, stripActs } from './rows.ts';

const report: PromptReport = {
  ids: [0, 5, 6],
  pieces: ['<bos>', 'a', 'b'],
  tokens: [
    { pos: 0, features: [] },
    {
      pos: 1,
      features: [
        { feature: 9, act: 2 },
        { feature: 3, act: 1 },
      ],
    },
    { pos: 2, features: [{ feature: 3, act: 4 }] },
  ],
  leftOut: 0,
  nats: new Float32Array([Number.NaN, 1, 2]),
  loss: 1.5,
  next: [],
  entropy: new Float32Array(3),
  ms: 1,
};
const all = { position: undefined, sort: 'act', table: undefined } as const;

test('over the whole prompt a feature stands once, where its act is largest', () => {
  expect(featureRows(report, all).map((r) => [r.feature, r.act, r.pos, r.count])).toEqual([
    [3, 4, 2, 2],
    [9, 2, 1, 1],
  ]);
});

test('at a token only its own features are listed, with the act they have there', () => {
  expect(featureRows(report, { ...all, position: 1 }).map((r) => [r.feature, r.act])).toEqual([
    [9, 2],
    [3, 1],
  ]);
});

test('by index the lowest comes first', () => {
  expect(featureRows(report, { ...all, sort: 'index' }).map((r) => r.feature)).toEqual([3, 9]);
});

test('the strip shows the strongest act of each token, or the acts of one feature', () => {
  expect([...stripActs(report, undefined)]).toEqual([0, 2, 4]);
  expect([...stripActs(report, 3)]).toEqual([0, 1, 4]);
});

test('next tokens of both runs are joined and ordered by their larger probability', () => {
  const t = (id: number, p: number) => ({ id, piece: String(id), p, logit: 0 });
  const rows = nextChanges([t(1, 0.6), t(2, 0.1)], [t(2, 0.7), t(3, 0.2)]);
  expect(rows.map((r) => [r.id, r.clean, r.edited])).toEqual([
    [2, 0.1, 0.7],
    [1, 0.6, undefined],
    [3, undefined, 0.2],
  ]);
});
