// Bare odd prompts and copy loops: a part of the training text is bare random words said again, and a model that is not
// taught what else follows an odd beginning takes every odd prompt for the start of one (10 % of the continuations).
// The shipped model goes round in 4 of 480 continuations at temperature 0.8 (16 of each prompt, PyTorch).
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { testGpu } from '#gpu/testing.ts';
import { generate } from '#model/generate.ts';
import type { LanguageModel } from '#model/model.ts';
import { hasLoop } from './loops.ts';
import { shippedModel, tokenizer } from './pack.ts';

const TOKENS = 40;
const ODD = [
  ...[
    '',
    'Q',
    'z',
    'I',
    ' ',
    '\n',
    '.',
    '?',
    '“',
    '7',
    '1984',
    '3.14159',
    '🦊',
    '👩‍🚀 ok',
    '日本語',
    'Привет',
    'ñandú',
  ],
  ...[
    'Bonjour tout le monde',
    'Der Hund schläft',
    'XYZZY',
    'asdf asdf',
    'the',
    'Kevin afraid',
    'HELLO WORLD',
  ],
  ...['function f(x) { return x; }', 'SELECT * FROM t', '<b>', '((((', 'a,b,c', 'http://example.org'],
];

const KNOWN = ['', 'Once', 'The', 'Dear Anna', '“', 'Recipe', 'Question', 'News', 'When Mary and John'];
/** A continuation is 40 forward passes. */
const PATIENCE_MS = 900_000;

const gpu = await testGpu();
let model: LanguageModel;
beforeAll(async () => {
  model = await shippedModel(gpu);
});
afterAll(() => model[Symbol.dispose]());

/** What comes after BOS and the prompt, to the next document at most. */
async function continuation(prompt: string, temperature: number): Promise<number[]> {
  const bos = tokenizer.bosId as number;
  const rng = makeRng(`odd prompts/${prompt}`);
  const out: number[] = [];
  const ids = [bos, ...tokenizer.encode(prompt)];
  for await (const id of generate(gpu, model, { ids, tokens: TOKENS, temperature, rng })) {
    if (id === bos) break;
    out.push(id);
  }
  return out;
}

test(
  'no opening of a document goes on in a loop at temperature 0.8',
  async () => {
    for (const prompt of KNOWN) {
      const ids = await continuation(prompt, 0.8);
      expect(ids.length, prompt).toBeGreaterThan(0);
      expect(hasLoop(ids), `${prompt}${tokenizer.decode(ids)}`).toBe(false);
    }
  },
  PATIENCE_MS,
);

test(
  'odd prompts do not go on in loops at temperature 0.8: at most one of 30',
  async () => {
    const loops: string[] = [];
    for (const prompt of ODD) {
      const ids = await continuation(prompt, 0.8);
      if (hasLoop(ids)) loops.push(`${prompt}${tokenizer.decode(ids)}`);
    }
    // At a rate of 0.8 % two or more come in 3 runs of 100, at 10 % in 82.
    expect(loops.length, loops.join(' | ')).toBeLessThanOrEqual(1);
  },
  PATIENCE_MS,
);

describe('a loop', () => {
  test('is a short phrase four times in a row, or one cycle in more than half of the tokens', () => {
    const story = [5, 6, 7, 8, 9, 5, 6, 10, 11, 12, 13, 14, 15, 16];
    expect(hasLoop([])).toBe(false);
    expect(hasLoop(story)).toBe(false);
    expect(hasLoop([...story, 1, 2, 1, 2, 1, 2])).toBe(false);
    expect(hasLoop([...story, 1, 2, 1, 2, 1, 2, 1, 2])).toBe(true);
    expect(hasLoop([...story, 3, 3, 3, 3])).toBe(true);
    expect(hasLoop([1, 2, 3, 4, 5, 6, 1, 2, 3, 4, 5, 6, 9, 8])).toBe(true);
  });
});
