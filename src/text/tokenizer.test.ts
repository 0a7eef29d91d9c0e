import { expect, test } from 'vitest';
import { BYTE_CHARS, toByteChars } from './byte_level.ts';
import { idTokenizer, loadTokenizer } from './tokenizer.ts';

/** Byte-level BPE with the 256 bytes, one merge and two whole words. */
function tinyJson(): unknown {
  const vocab: Record<string, number> = { '<|bos|>': 0 };
  for (const token of [...BYTE_CHARS, 'th', toByteChars(' Tom'), 'Tom', toByteChars('”')])
    vocab[token] = Object.keys(vocab).length;
  return {
    version: '1.0',
    added_tokens: [
      {
        id: 0,
        content: '<|bos|>',
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
    model: { type: 'BPE', unk_token: null, ignore_merges: true, vocab, merges: ['t h'] },
  };
}

const TEXTS = [
  '',
  ' ',
  '\n',
  '  two  spaces\n\n',
  'Tom met Tom.',
  'é à ñ',
  '“Yes,” said Tom.',
  'שלום עולם',
  'مرحبا',
  '日本語',
  '👩‍👩‍👧 🏳️‍🌈',
  '\u0000\u0007\t',
  '\ufeffbom',
  'zero\u200bwidth',
  'a ,b .c !',
  "I do n't",
  'line\r\nend',
  '<|bos',
  'x'.repeat(500),
];

test('any text comes back byte for byte', () => {
  const tokenizer = loadTokenizer(tinyJson());
  for (const text of TEXTS) expect(tokenizer.decode(tokenizer.encode(text))).toBe(text);
});

test('a lone surrogate becomes U+FFFD, as in UTF-8', () => {
  const tokenizer = loadTokenizer(tinyJson());
  expect(tokenizer.decode(tokenizer.encode('a\ud800b'))).toBe('a\ufffdb');
});

test('a word of the vocabulary is one token, and no BOS is added', () => {
  const tokenizer = loadTokenizer(tinyJson());
  const ids = tokenizer.encode('Tom Tom');
  expect(ids.map((id) => tokenizer.piece(id))).toEqual(['Tom', ' Tom']);
  expect(tokenizer.findToken(' Tom')).toBe(ids[1]);
  expect(tokenizer.findToken(' Tim')).toBeUndefined();
  expect(tokenizer.bosId).toBe(0);
  expect(tokenizer.vocabSize).toBe(261);
});

test('a piece shows bytes that are no character as hex', () => {
  const tokenizer = loadTokenizer(tinyJson());
  expect(tokenizer.encode('é').map((id) => tokenizer.piece(id))).toEqual(['⟨c3⟩', '⟨a9⟩']);
  expect(tokenizer.encode('”').map((id) => tokenizer.piece(id))).toEqual(['”']);
  expect(tokenizer.encode('\n').map((id) => tokenizer.piece(id))).toEqual(['\n']);
});

test('the BOS is read from the config when it names one', () => {
  expect(loadTokenizer(tinyJson(), { bos_token: { content: '<|bos|>' } }).bosId).toBe(0);
  expect(loadTokenizer(tinyJson(), { bos_token: 'none' }).bosId).toBeUndefined();
});

test('a file that is no tokenizer.json is refused with a hint', () => {
  expect(() => loadTokenizer({ hello: 1 })).toThrow(/model\.vocab is missing/);
  expect(() => loadTokenizer(undefined)).toThrow(/model\.vocab is missing/);
});

test('an id outside the vocabulary is refused', () => {
  expect(() => loadTokenizer(tinyJson()).piece(9999)).toThrow(/no token has the id 9999/);
});

test('without a tokenizer the prompt is ids', () => {
  const tokenizer = idTokenizer(50);
  expect(tokenizer.encode(' 1, 2\n49 ')).toEqual([1, 2, 49]);
  expect(tokenizer.decode([1, 2])).toBe('1 2');
  expect(tokenizer.encode('')).toEqual([]);
  expect(tokenizer.findToken('7')).toBe(7);
  for (const text of ['50', '-1', '1.5', 'Tom', '0x1'])
    expect(() => tokenizer.encode(text)).toThrow(/is not a token id from 0 to 49/);
});
