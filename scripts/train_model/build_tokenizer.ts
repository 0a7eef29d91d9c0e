import { makeRng } from '#base/rng.ts';
import { BYTE_CHARS, toByteChars } from '#text/byte_level.ts';
import { Draws } from '#text/storyland/draws.ts';
import { CONTENT_WORDS } from '#text/storyland/kinds/echo.ts';
import { madeUpWord } from '#text/storyland/made_up.ts';
import { BASE_MIX, KINDS, storyland } from '#text/storyland/storyland.ts';
import { SPLIT } from '#text/word_encoder.ts';

/** A word becomes a token when it stands at least this often in the sample; made-up words stay below. */
const LEAST = 25;
const DOCUMENTS = 60_000;
/** Merges for text that no word covers; more would only be rarer pieces. */
const FALLBACK_MERGES = 260;

/**
 * tokenizer.json: byte-level BPE with `ignore_merges`, so every word of Storyland is one token and needs no
 * intermediate pieces in the vocabulary; any other text falls back to few merges and to the 256 bytes.
 */
export function buildTokenizer(): object {
  const words = commonWords();
  const merges = fallbackMerges();
  const vocab: Record<string, number> = { '<|bos|>': 0 };
  const add = (token: string): void => {
    if (!(token in vocab)) vocab[token] = Object.keys(vocab).length;
  };
  for (const c of BYTE_CHARS) add(c);
  for (const [left, right] of merges) add(left + right);
  for (const word of words) add(toByteChars(word));
  return {
    version: '1.0',
    truncation: null,
    padding: null,
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
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: true,
      vocab,
      merges: merges.map((m) => m.join(' ')),
    },
  };
}

/** Words of the generator in order of their count, then the content words that the sample missed. */
function commonWords(): string[] {
  const land = storyland('tokenizer', BASE_MIX);
  const counts = new Map<string, number>();
  for (let i = 0; i < DOCUMENTS; i++) {
    const { text } = land.document(
      i % 20 === 0 ? (KINDS[(i / 20) % (KINDS.length - 1)] as string) : undefined,
    );
    for (const word of text.match(SPLIT) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const whole = [...counts]
    .filter(([word, n]) => n >= LEAST && isWhole(word))
    .sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  return [
    ...new Set([
      ...whole.map(([word]) => word),
      ' Echo',
      'Echo',
      ' Again',
      'Again',
      ...CONTENT_WORDS.map((w) => ` ${w}`),
    ]),
  ];
}

/** Runs of punctuation stay separate tokens: "])" is two closing brackets. */
function isWhole(word: string): boolean {
  return /^ ?\p{L}+$|^'\w+$/u.test(word) || /^ ?.$/u.test(word);
}

/** BPE merges over made-up words, Storyland's own words and the characters that need several bytes. */
function fallbackMerges(): [string, string][] {
  const rng = new Draws(makeRng('tokenizer/fallback'));
  const made = Array.from({ length: 4000 }, () => madeUpWord(rng));
  const texts = [
    ...made.map((w) => ` ${w}`),
    ...made.map((w) => w.charAt(0).toUpperCase() + w.slice(1)),
    ...CONTENT_WORDS.map((w) => ` ${w}`),
  ];
  const words = texts.map((t) => [...toByteChars(t)]);
  const merges: [string, string][] = ['“', '”', '’', '—', 'é'].flatMap((c) => chain([...toByteChars(c)]));
  while (merges.length < FALLBACK_MERGES) {
    const best = bestPair(words);
    merges.push(best);
    for (const word of words) mergeIn(word, best);
  }
  return merges.filter(([a, b], i) => merges.findIndex(([c, d]) => a === c && b === d) === i);
}

function chain(bytes: readonly string[]): [string, string][] {
  return bytes.slice(1).map((b, i) => [bytes.slice(0, i + 1).join(''), b]);
}

function bestPair(words: readonly (readonly string[])[]): [string, string] {
  const counts = new Map<string, number>();
  for (const word of words) {
    for (let i = 0; i + 1 < word.length; i++) {
      const pair = `${word[i]} ${word[i + 1]}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0] as [string, number];
  return best.split(' ') as [string, string];
}

function mergeIn(word: string[], [left, right]: [string, string]): void {
  for (let i = 0; i + 1 < word.length; i++)
    if (word[i] === left && word[i + 1] === right) word.splice(i, 2, left + right);
}
