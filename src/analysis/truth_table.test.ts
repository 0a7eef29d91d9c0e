import { expect, test } from 'vitest';
import { MOST_TRUTH_BYTES, readTruthFile, truthFile, truthTable } from './truth_table.ts';

const OF = { sae: 's'.repeat(22), d_sae: 3 };
const LENS = {
  tracked: [
    { facts: [4], fired: 10, holds: 20, hits: 8, chosenF1: 0.5 },
    { facts: [], fired: 3, holds: 0, hits: 0, chosenF1: 0 },
    { facts: [1, 4], fired: 4, holds: 4, hits: 4, chosenF1: 1 },
  ],
  captured: [],
  holds: [],
  nTokens: 100,
  nChosen: 90,
};
const NAMES = ['a=0', 'kind=list', 'a=2', 'a=3', 'topic=sea'];
const file = () => truthFile(LENS, NAMES, { sae: OF.sae, seed: 'x' });
const blob = (json: unknown) => new Blob([JSON.stringify(json)]);

test('a table has precision, recall, F1 and baseline of the counts, and NaN without a fact', async () => {
  const table = truthTable(await readTruthFile(blob(file()), OF));
  expect(table.facts).toEqual([['topic=sea'], [], ['kind=list', 'topic=sea']]);
  const row = (f: number) => [table.precision, table.recall, table.f1, table.baseline].map((c) => c[f]);
  for (const [i, v] of [0.8, 0.4, 16 / 30, 0.2].entries()) expect(row(0)[i]).toBeCloseTo(v, 6); // f32
  expect(row(1).every((v) => Number.isNaN(v))).toBe(true);
  expect(row(2).slice(0, 3)).toEqual([1, 1, 1]);
  expect([...table.fired]).toEqual([10, 3, 4]);
  expect([table.nTokens, table.nChosen]).toEqual([100, 90]);
});

test('a file names each fact once and only those in use', () => {
  expect(file().names).toEqual(['kind=list', 'topic=sea']);
});

test.each([
  ['another SAE', { ...file(), sae: 'other' }],
  ['another version', { ...file(), version: 2 }],
  ['a fact that is not there', { ...file(), facts: [[2], [], []] }],
  ['three facts', { ...file(), facts: [[0, 1, 0], [], []] }],
  ['too few features', { ...file(), facts: [[0]] }],
  ['a count above the tokens', { ...file(), hits: [101, 0, 0] }],
  ['a negative count', { ...file(), fired: [-1, 0, 0] }],
  ['a name that is no fact', { ...file(), names: ['<b>', 'a=1'] }],
  ['nothing', null],
])('a damaged file is refused with one sentence: %s', async (_, json) => {
  await expect(readTruthFile(blob(json), OF)).rejects.toThrow(/^truth\.json cannot be read: .*\.$/);
});

test('a file that is too large is refused before it is parsed', async () => {
  const large = new Blob([new Uint8Array(MOST_TRUTH_BYTES + 1)]);
  await expect(readTruthFile(large, OF)).rejects.toThrow('more than');
  await expect(readTruthFile(new Blob(['{']), OF)).rejects.toThrow('not JSON');
});
