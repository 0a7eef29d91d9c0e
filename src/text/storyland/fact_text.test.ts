import { expect, test } from 'vitest';
import type { Tokenizer } from '../tokenizer.ts';
import { factText } from './fact_text.ts';

/** One token for each byte, and the BOS as 256. */
const bytes: Tokenizer = {
  vocabSize: 257,
  bosId: 256,
  encode: (text) => [...new TextEncoder().encode(text)],
  decode: (ids) => new TextDecoder().decode(Uint8Array.from(ids)),
  piece: (id) => (id < 128 ? String.fromCharCode(id) : `⟨${id.toString(16)}⟩`),
  findToken: () => undefined,
};

const of = (more: object = {}) => factText({ seed: 's', tokenizer: bytes, ctx: 64, tokens: 2000, ...more });

test('rows begin with BOS, every other token counts once and BOS never', () => {
  const { windows, tokens, factStart, document, facts, names } = of();
  expect(windows.length).toBe(Math.ceil(2000 / 64));
  const bos = windows.flatMap((row, w) => [...row].flatMap((id, p) => (id === 256 ? [w * 64 + p] : [])));
  expect(windows.every((row) => row[0] === 256)).toBe(true);
  expect(new Set([...tokens, ...bos]).size).toBe(windows.length * 64);
  expect(tokens.length + bos.length).toBe(windows.length * 64);
  expect([factStart.length, document.length]).toEqual([tokens.length + 1, tokens.length]);
  expect(facts.length).toBe(factStart.at(-1));
  expect(names.every((n) => /^[\w.]+=./.test(n))).toBe(true);
});

test('each token has the kind of its document, and none twice', () => {
  const { tokens, factStart, document, facts, names } = of();
  const kinds = new Map<number, string>();
  for (let t = 0; t < tokens.length; t++) {
    const mine = [...facts.subarray(factStart[t], factStart[t + 1])].map((f) => names[f] as string);
    expect(new Set(mine).size).toBe(mine.length);
    const kind = mine.filter((f) => f.startsWith('kind='));
    expect(kind).toHaveLength(1);
    const d = document[t] as number;
    expect(kinds.get(d) ?? kind[0]).toBe(kind[0]);
    kinds.set(d, kind[0] as string);
  }
  expect(new Set(kinds.values()).size).toBeGreaterThan(3);
});

test('excluded positions do not count', () => {
  const { tokens } = of({ excludedPositions: [0, 5] });
  expect([...tokens].some((t) => t % 64 === 5)).toBe(false);
  expect([...tokens].some((t) => t % 64 === 4)).toBe(true);
});

test('a tokenizer without BOS, or one that changes the text, is refused', () => {
  expect(() => of({ tokenizer: { ...bytes, bosId: undefined } })).toThrow('no BOS');
  expect(() =>
    of({ tokenizer: { ...bytes, encode: (t: string) => bytes.encode(t.trim().slice(1)) } }),
  ).toThrow('bytes');
});
