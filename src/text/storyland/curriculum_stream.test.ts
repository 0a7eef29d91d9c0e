import { expect, test } from 'vitest';
import { idTokenizer } from '../tokenizer.ts';
import type { StreamSource } from './curriculum_rows.ts';
import { batchOf, CurriculumStream, documentRows } from './curriculum_stream.ts';

const NO_TARGET = 0xffffffff;
const tokenizer = idTokenizer(400);
const source: StreamSource = {
  seed: 'stream test',
  bos: 0,
  encode: (text) => [...text].map((c) => 1 + (c.charCodeAt(0) % 250)),
  wordIds: Array.from({ length: 100 }, (_, i) => 300 + i),
  vocabSize: tokenizer.vocabSize,
};
const SIZES = { tokens: 64_000, batch: 256, ctx: 64 };

test('a batch is the same whatever was asked before it', () => {
  const forwards = new CurriculumStream(source, SIZES);
  const [first, , third] = [0, 1, 2].map((step) => forwards.batch(step));
  const again = new CurriculumStream(source, SIZES);
  expect(again.batch(2)).toEqual(third);
  expect(again.batch(0)).toEqual(first);
  expect(first?.tokens).not.toEqual(third?.tokens);
});

test('short rows come first, then rows of the context; every row begins with BOS and weights add up to 1', () => {
  const stream = new CurriculumStream(source, SIZES);
  expect(stream.steps).toBe(250);
  for (const [step, seq] of [
    [0, 32],
    [stream.steps - 1, 64],
  ] as const) {
    const batch = stream.batch(step);
    expect(batch.seq).toBe(seq);
    expect(batch.batch * batch.seq).toBe(SIZES.batch);
    for (let row = 0; row < batch.batch; row++) expect(batch.tokens[row * seq]).toBe(source.bos);
    expect(batch.weights.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 5);
  }
});

test('targets are the next tokens, none after the last of a row, weighed by the token that is predicted', () => {
  const made = batchOf(Uint16Array.of(0, 5, 6, 0, 7, 8), Uint8Array.of(100, 100, 0, 100, 50, 250), 3);
  expect([...made.targets]).toEqual([5, 6, NO_TARGET, 7, 8, NO_TARGET]);
  expect([...made.weights]).toEqual([100, 0, 0, 50, 250, 0].map((w) => Math.fround(w / 400)));
  expect(made.batch).toBe(2);
});

test('held-out rows are whole documents after BOS, of a seed of their own', () => {
  const rows = documentRows(source, 'held out', { ctx: 48, count: 3 });
  expect(rows.map((r) => r.length)).toEqual([48, 48, 48]);
  for (const row of rows) expect(row[0]).toBe(source.bos);
  expect(documentRows(source, 'other', { ctx: 48, count: 1 })[0]).not.toEqual(rows[0]);
});
