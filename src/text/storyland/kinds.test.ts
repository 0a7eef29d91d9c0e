import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { Draws } from './draws.ts';
import { WRITERS } from './kinds/index.ts';
import { readMarks } from './marks.ts';
import { drawScene, type StorylandDocument, slotWords } from './scene.ts';
import { INVENTED_SHARE, KINDS, storyland } from './storyland.ts';
import { TOPICS } from './topics.ts';
import { factsOf } from './truth.ts';
import { LISTS, NAMES } from './words.ts';

const DOCUMENTS = 100;
const bytes = new TextEncoder();
const text = new TextDecoder();

/** The kinds that teach looking back most; the others were added for variety. */
const FIRST =
  'story dialogue ioi list recipe letter diary riddle rhyme question code news timetable definition pair'.split(
    ' ',
  );

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

function documents(kind: string): StorylandDocument[] {
  const land = storyland('kinds');
  return Array.from({ length: DOCUMENTS }, () => land.document(kind));
}

/** Draws that remember the words that were drawn as surface text. */
class Recorder extends Draws {
  readonly words: string[] = [];

  override surface<T>(draw: () => T): T {
    const word = super.surface(draw);
    if (typeof word === 'string') this.words.push(word);
    return word;
  }
}

/** How often each word of letters stands in the text, small letters. */
function counts(list: readonly string[]): Map<string, number> {
  const out = new Map<string, number>();
  for (const word of list) out.set(word.toLowerCase(), (out.get(word.toLowerCase()) ?? 0) + 1);
  return out;
}

test('there are at least 24 kinds, all different, and the first fifteen keep two thirds of the mix', () => {
  expect(KINDS.length).toBeGreaterThanOrEqual(24);
  expect(new Set(KINDS).size).toBe(KINDS.length);
  const total = sum(Object.values(WRITERS).map((w) => w.weight));
  expect(sum(FIRST.map((kind) => WRITERS[kind]?.weight ?? 0)) / total).toBeGreaterThan(0.65);
});

test.each(KINDS)('%s: clean English surface, no stray marks', (kind) => {
  for (const doc of documents(kind)) {
    expect(doc.text).not.toMatch(/[\ue000-\uf8ff]|undefined| {2}| \n|\n |\n\n|^\s|\s$/);
    expect(doc.text).not.toMatch(/=\{|\b[Aa] [aeio][a-z]|\b[Aa]n [^aeiouAEIOU\W]/);
    if (kind !== 'code' && kind !== 'config') expect(doc.text).not.toMatch(/[{}[\]=]/);
    expect(doc.text.split('“').length).toBe(doc.text.split('”').length);
  }
});

test.each(KINDS)('%s: spans lie inside the text, answers at spaces, every token has facts', (kind) => {
  for (const doc of documents(kind)) {
    const size = bytes.encode(doc.text).length;
    for (const span of doc.spans) {
      expect(span.start).toBeLessThan(span.end);
      expect(span.end).toBeLessThanOrEqual(size);
      expect(span.value).not.toBe('');
    }
    for (const at of doc.answers ?? []) expect(doc.text.charAt(at)).toBe(' ');
    const tokens = doc.text.match(/ ?[^\s]+|\s/g) ?? [];
    const facts = factsOf(
      doc,
      tokens.map((t) => bytes.encode(t).length),
    );
    expect(facts.length).toBe(tokens.length);
    for (const held of facts) {
      expect(held).toContain(`kind=${kind}`);
      for (const fact of held) expect(fact).toMatch(/^[a-z.]+=./);
    }
  }
});

test.each(KINDS)('%s: prices are finite and surface is at most joint', (kind) => {
  for (const { entropy } of documents(kind)) {
    expect(entropy.surface).toBeGreaterThanOrEqual(0);
    expect(entropy.joint).toBeGreaterThanOrEqual(entropy.surface);
    expect(Number.isFinite(entropy.joint)).toBe(true);
  }
});

// A surface word that the text lacks would raise the bound H(X | Z) above what text can cost.
for (const kind of Object.keys(WRITERS))
  test(`${kind}: every surface draw stands in the text`, () => {
    const rng = makeRng(`surface/${kind}`);
    for (let i = 0; i < DOCUMENTS; i++) {
      const draws = new Recorder(rng);
      const doc = readMarks(WRITERS[kind]?.write(drawScene(draws, INVENTED_SHARE)) ?? '');
      const have = counts(doc.text.match(/\p{L}+/gu) ?? []);
      const missing = [...counts(draws.words)].filter(([word, n]) => (have.get(word) ?? 0) < n);
      expect(missing, doc.text).toEqual([]);
    }
  });

test('the words of every list of a slot differ', () => {
  const lists = [
    NAMES,
    ...Object.values(LISTS),
    ...TOPICS.flatMap((t) => ['noun', 'person', 'verb', 'adj', 'place'].map((slot) => slotWords(t, slot))),
  ];
  for (const list of lists) expect(new Set(list).size, list.join(' ')).toBe(list.length);
});

test('speaker marks cover every quotation, each with the name of its tag', () => {
  for (const doc of documents('dialogue')) {
    const data = bytes.encode(doc.text);
    const spoken = doc.spans.filter((s) => s.variable === 'speaker');
    const quotes = spoken.map((s) => text.decode(data.subarray(s.start, s.end)));
    expect(quotes.join('').split('“').length).toBe(doc.text.split('“').length);
    quotes.forEach((quote, i) => {
      expect(quote.replace(/“[^”]*”/, '')).toContain(spoken[i]?.value);
    });
  }
});

test.each(Object.keys(WRITERS))('%s: names of the cast are marked wherever they stand', (kind) => {
  const known = new Set(NAMES);
  for (const doc of documents(kind)) {
    const data = bytes.encode(doc.text);
    const marked = doc.spans
      .filter((s) => s.variable === 'slot' && s.value === 'name')
      .map((s) => text.decode(data.subarray(s.start, s.end)));
    const shown = (doc.text.match(/\p{L}+/gu) ?? []).filter((word) => known.has(word));
    expect(marked.filter((word) => known.has(word)).sort(), doc.text).toEqual(shown.sort());
  }
});

test.each(['essay', 'recipe', 'howto', 'advert', 'hours', 'config', 'inventory'])(
  '%s: one main thing is known at every word',
  (kind) => {
    for (const doc of documents(kind)) {
      const main = doc.spans.find((s) => s.variable === 'main');
      expect(main?.start).toBe(0);
      expect(main?.end).toBe(bytes.encode(doc.text).length);
      expect(doc.text).toContain(main?.value);
    }
  },
);

test('essays have 80 to 140 words, and their main thing comes back', () => {
  for (const doc of documents('essay')) {
    const words = doc.text.match(/\p{L}+/gu) ?? [];
    expect(words.length).toBeGreaterThanOrEqual(80);
    expect(words.length).toBeLessThanOrEqual(140);
    const main = doc.spans.find((s) => s.variable === 'main')?.value as string;
    expect(words.filter((w) => w === main).length).toBeGreaterThanOrEqual(5);
  }
});

test('a way back names the landmarks in reverse order with left and right swapped', () => {
  for (const doc of documents('directions')) {
    const data = bytes.encode(doc.text);
    const sides = (way: string): string[] => {
      const span = doc.spans.find((s) => s.variable === 'way' && s.value === way);
      return text.decode(data.subarray(span?.start, span?.end)).match(/\b(left|right)\b/g) ?? [];
    };
    const swapped = sides('there').map((side) => (side === 'left' ? 'right' : 'left'));
    expect(sides('back')).toEqual(swapped.reverse());
  }
});

test('a config closes every bracket it opens, and reads a value that it holds', () => {
  for (const doc of documents('config')) {
    for (const [open, close] of ['()', '[]', '{}'].map((pair) => [...pair]))
      expect(doc.text.split(open as string).length).toBe(doc.text.split(close as string).length);
    const read = /get \S+ \. (\S+ : \S+ ;)/.exec(doc.text)?.[1];
    if (read) expect(doc.text.split(read).length).toBeGreaterThanOrEqual(3);
  }
});
