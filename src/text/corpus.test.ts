import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import {
  corpusFormat,
  readIds,
  readJsonl,
  readTxt,
  streamWindows,
  tokenise,
  windowStarts,
  windows,
} from './corpus.ts';
import { idTokenizer, type Tokenizer } from './tokenizer.ts';

const ids = (list: Iterable<Uint32Array>): number[][] => [...list].map((w) => [...w]);
const withBos: Tokenizer = { ...idTokenizer(100), bosId: 0 };

test('a text file is one document, or several between marks', () => {
  expect([...readTxt('one\ntwo\n')]).toEqual(['one\ntwo']);
  expect([...readTxt('one\n<|endoftext|>\ntwo<|endoftext|>\n')]).toEqual(['one', 'two']);
});

test('a bad line of a .jsonl file is named', () => {
  expect([...readJsonl('{"text":"a"}\n\n{"text":"b"}\n')]).toEqual(['a', 'b']);
  expect(() => [...readJsonl('{"text":"a"}\n{"body":"b"}')]).toThrow(/line 2/);
});

test('ids are read as little-endian u16 and u32', () => {
  expect([...readIds(Uint8Array.of(1, 0, 0, 1), 'u16')]).toEqual([1, 256]);
  expect([...readIds(Uint8Array.of(1, 0, 1, 0), 'u32')]).toEqual([65537]);
  expect(() => readIds(Uint8Array.of(1), 'u16')).toThrow(/1 bytes/);
  expect(corpusFormat('a/b.BIN')).toBe('u16');
  expect(() => corpusFormat('a.docx')).toThrow(/docx/);
});

test('every window begins with BOS, and a BOS of the text is not doubled', () => {
  const tokens = tokenise(['1 2 3', '4 5', '6 7 8 9'], withBos, { bos: true });
  expect([...tokens]).toEqual([0, 1, 2, 3, 0, 4, 5, 0, 6, 7, 8, 9]);
  expect(ids(windows(tokens, { ctx: 4, bosId: 0 }))).toEqual([
    [0, 1, 2, 3],
    [0, 4, 5, 0],
    [0, 6, 7, 8],
  ]);
  expect(ids(windows(tokens, { ctx: 4 }))).toEqual([
    [0, 1, 2, 3],
    [0, 4, 5, 0],
    [6, 7, 8, 9],
  ]);
});

test('windows that start at documents begin a cut document again', () => {
  const tokens = tokenise(['1 2 3', '4 5', '6 7 8 9'], withBos, { bos: true });
  expect(ids(windows(tokens, { ctx: 5, bosId: 0, startAt: 'document' }))).toEqual([
    [0, 1, 2, 3, 0],
    [0, 4, 5, 0, 6],
    [0, 6, 7, 8, 9],
  ]);
});

test('a document longer than a window does not hold up the next one', () => {
  const tokens = tokenise(['1 2 3 4 5 6 7', '8 9'], withBos, { bos: true });
  expect(ids(windows(tokens, { ctx: 3, bosId: 0, startAt: 'document' }))).toEqual([
    [0, 1, 2],
    [0, 8, 9],
  ]);
});

test('a seeded order holds every window once and is the same every time', () => {
  const tokens = Uint16Array.from({ length: 100 }, (_, i) => i);
  const inOrder = ids(windows(tokens, { ctx: 10 }));
  const drawn = ids(windows(tokens, { ctx: 10 }, makeRng('order')));
  expect(drawn).not.toEqual(inOrder);
  expect(drawn).toEqual(ids(windows(tokens, { ctx: 10 }, makeRng('order'))));
  expect(drawn.sort((a, b) => (a[0] as number) - (b[0] as number))).toEqual(inOrder);
});

test('tokens shorter than a window give no window', () => {
  expect([...windowStarts(Uint16Array.of(1, 2), { ctx: 3 })]).toEqual([]);
  expect([...windowStarts(new Uint16Array(0), { ctx: 3, bosId: 0 })]).toEqual([]);
});

test('an unlimited source gives the same windows as the whole text', () => {
  const documents = ['1 2 3', '4 5', '6 7 8 9'];
  const tokens = tokenise(documents, withBos, { bos: true });
  const options = { ctx: 4, bosId: 0 };
  expect(ids(streamWindows(documents, withBos, options))).toEqual(ids(windows(tokens, options)));
});
