import { expect, test } from 'vitest';
import { idTokenizer, type Tokenizer } from '../tokenizer.ts';
import { SPLIT } from '../word_encoder.ts';
import { abilityPrompts } from './ability_prompts.ts';
import { CONTENT_WORDS } from './kinds/echo.ts';

/** One token for each word of Storyland and each sign; letters for anything else. BOS is 0. */
function wordTokenizer(): Tokenizer {
  const ids = new Map<string, number>([['<bos>', 0]]);
  const idOf = (text: string): number => {
    if (!ids.has(text)) ids.set(text, ids.size);
    return ids.get(text) as number;
  };
  for (const word of CONTENT_WORDS) idOf(` ${word}`);
  for (const mark of ['“', ' “', '”', ' )', ' ]', ' }']) idOf(mark);
  const pieces = (text: string): string[] =>
    (text.match(SPLIT) ?? []).flatMap((w) => (/[\p{L}]/u.test(w) ? [w] : (w.match(/ ?./gsu) ?? [])));
  return {
    vocabSize: 20_000,
    bosId: 0,
    encode: (text) => pieces(text).map(idOf),
    decode: (list) => list.map((id) => [...ids.keys()][id]).join(''),
    piece: (id) => [...ids.keys()][id] as string,
    findToken: (text) => ids.get(text),
  };
}
const OPTIONS = { seed: 'test', count: 12, n_ctx: 128 };

test('every prompt begins with BOS, fits the context and asks about tokens of the vocabulary', () => {
  const { kinds, rows, leftOut } = abilityPrompts(wordTokenizer(), OPTIONS);
  expect(leftOut).toBeUndefined();
  for (const { ids, questions } of rows) {
    expect(ids[0]).toBe(0);
    expect(ids.length).toBeLessThanOrEqual(128);
    for (const q of questions) {
      expect(q.at).toBeLessThan(ids.length);
      expect(kinds.map((k) => k.key)).toContain(q.of);
      expect(q.rivals ?? []).not.toContain(q.right);
    }
  }
  for (const { key } of kinds) {
    const asked = rows.filter((r) => r.questions.some((q) => q.of === key));
    expect(asked.length, key).toBeGreaterThanOrEqual(3);
  }
  for (const key of ['ioSeen', 'ioHeldOut', 'brackets', 'question'])
    expect(rows.filter((r) => r.questions[0]?.of === key).length, key).toBe(12);
});

test('random rows say fifty different words twice and ask about both sayings', () => {
  const { rows } = abilityPrompts(wordTokenizer(), OPTIONS);
  const random = rows.filter((r) => r.questions[0]?.of === 'randomFirst');
  expect(random.length).toBe(4);
  for (const { ids, questions } of random) {
    expect(ids.length).toBe(101);
    expect(new Set(ids.slice(1, 51)).size).toBe(50);
    expect(ids.slice(51)).toEqual(ids.slice(1, 51));
    expect(questions.filter((q) => q.of === 'induction').map((q) => q.at)).toEqual(
      Array.from({ length: 50 }, (_, i) => 50 + i),
    );
    for (const q of questions) expect(q.right).toBe(ids[q.at + 1]);
  }
});

test('names ask for IO against S, who both stand in the prompt', () => {
  const tokenizer = wordTokenizer();
  const { rows } = abilityPrompts(tokenizer, OPTIONS);
  const seen = rows.filter((r) => r.questions[0]?.of === 'ioSeen');
  for (const { ids, questions } of seen) {
    expect(questions.map((q) => q.of)).toEqual(['ioSeen', 'pIoSeen']);
    const [io, s] = [questions[0]?.right as number, questions[0]?.rivals?.[0] as number];
    const text = tokenizer.decode(ids);
    expect(text).toContain(tokenizer.piece(io).trim());
    expect(text).toContain(tokenizer.piece(s).trim());
    expect(questions[0]?.at).toBe(ids.length - 1);
  }
});

test('closing quotes are asked about where they come and where none is open', () => {
  const tokenizer = wordTokenizer();
  const close = tokenizer.findToken('”');
  const { rows } = abilityPrompts(tokenizer, OPTIONS);
  const quotes = rows.filter((r) => r.questions.some((q) => q.of === 'quoteCloses'));
  expect(quotes.length).toBe(3);
  for (const { ids, questions } of quotes) {
    for (const { of, at, right } of questions) {
      expect(right).toBe(close);
      const before = tokenizer.decode(ids.slice(0, at + 1));
      const isOpen = before.lastIndexOf('“') > before.lastIndexOf('”');
      expect(isOpen).toBe(of === 'quoteCloses');
      expect(ids[at + 1] === close).toBe(of === 'quoteCloses');
    }
  }
});

test('the same seed gives the same prompts, another seed others', () => {
  const tokenizer = wordTokenizer();
  const all = (seed: string): unknown => abilityPrompts(tokenizer, { ...OPTIONS, seed }).rows;
  expect(all('a')).toEqual(all('a'));
  expect(all('a')).not.toEqual(all('b'));
});

test('a model of other tokens gets random ids only, in loops that fit its context, and it is said', () => {
  const { kinds, rows, leftOut } = abilityPrompts(idTokenizer(40), { ...OPTIONS, n_ctx: 24, bosId: 5 });
  expect(leftOut).toContain('Nothing else is measured');
  expect(kinds[0]?.definition).toContain('Rows of 11 different random tokens');
  expect(kinds[0]?.definition).toContain(leftOut);
  expect(kinds.map((k) => k.key)).toEqual(['induction', 'randomFirst']);
  expect(rows.length).toBe(4);
  for (const { ids } of rows) {
    expect(ids.length).toBe(1 + 2 * 11);
    expect(ids[0]).toBe(5);
    expect(ids.slice(1)).not.toContain(5);
  }
  const bare = abilityPrompts(idTokenizer(40), OPTIONS).rows[0];
  // 40 ids without BOS; nothing comes before the first, so nothing is asked about it.
  expect(bare?.ids.length).toBe(80);
  expect(bare?.questions.length).toBe(79);
  expect(bare?.questions.filter((q) => q.of === 'induction').length).toBe(40);
  expect(abilityPrompts(idTokenizer(40), { ...OPTIONS, n_ctx: 4, bosId: 5 }).rows).toEqual([]);
});
