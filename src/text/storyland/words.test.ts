import { expect, test } from 'vitest';
import { CONTENT_WORDS } from './kinds/echo.ts';
import { DOUBLE_MEANINGS, TOPICS, type Topic } from './topics.ts';
import { LISTS, NAMES } from './words.ts';

/** Lists of names proper, which alone have capital letters. */
const CAPITAL_LISTS = ['day', 'month', 'town'];

/** Words that sound like "you", "won" or a vowel behind a silent h: the letter rule gives them the wrong article. */
const AGAINST_LETTER_RULE =
  /^(uni(?!mp|nt|nv)|us[aeu]|ut[eio]|uku|eu|ewe|on(e|ce)$|hour|honest|honou?r|heir|herb)/;

const wordsOf = (t: Topic): string[] => [...t.nouns, ...t.people, ...t.verbs, ...t.adjectives, ...t.places];

test('there are at least 1,600 content words in twenty topics, each a field of its full size', () => {
  expect(new Set(CONTENT_WORDS).size).toBe(CONTENT_WORDS.length);
  expect(CONTENT_WORDS.length).toBeGreaterThanOrEqual(1600);
  expect(new Set(TOPICS.map((t) => t.id)).size).toBe(20);
  for (const t of TOPICS) {
    const sizes = [t.nouns, t.people, t.verbs, t.adjectives, t.places].map((field) => field.length);
    expect(sizes, t.id).toEqual([24, 8, 10, 10, 10]);
  }
});

test('the words of one list and of one topic all differ', () => {
  const lists = [...Object.entries(LISTS), ...TOPICS.map((t) => [t.id, wordsOf(t)] as const)];
  for (const [slot, list] of lists) expect(new Set(list).size, slot).toBe(list.length);
});

test('exactly the words with two meanings stand in two topics', () => {
  const homes = new Map<string, string[]>();
  for (const t of TOPICS) for (const w of wordsOf(t)) homes.set(w, [...(homes.get(w) ?? []), t.id]);
  const shared = [...homes].filter(([, ids]) => ids.length > 1).map(([word, ids]) => [word, ids.sort()]);
  const stated = DOUBLE_MEANINGS.map(({ word, topics }) => [word, [...topics].sort()]);
  expect(new Map(shared as [string, string[]][])).toEqual(new Map(stated as [string, string[]][]));
  expect(DOUBLE_MEANINGS.length).toBeGreaterThanOrEqual(20);
  expect(stated.length).toBe(new Map(stated as [string, string[]][]).size);
});

test('names, days, months and towns begin with a capital letter, and nothing else does', () => {
  for (const [slot, list] of Object.entries(LISTS)) {
    const form = CAPITAL_LISTS.includes(slot) ? /^[A-Z][a-z]+$/ : /^[a-z]+$/;
    for (const word of list) expect(word, slot).toMatch(form);
  }
  for (const t of TOPICS) for (const word of wordsOf(t)) expect(word, t.id).toMatch(/^[a-z]+$/);
  for (const name of NAMES) expect(name).toMatch(/^[A-Z][a-z]+$/);
});

test('no word that may follow an article goes against the letter rule', () => {
  const without = ['hour', 'unit', 'often'];
  const lists = Object.entries(LISTS).filter(([slot]) => !without.includes(slot));
  const words = [...lists.flatMap(([, list]) => list), ...TOPICS.flatMap(wordsOf)];
  expect(words.filter((word) => AGAINST_LETTER_RULE.test(word))).toEqual([]);
});

test('verbs are past tense', () => {
  const irregular =
    'caught sank read wrote slid froze dug grew built bent flung spun bought sold chose hid heard drove fed stole drew'.split(
      ' ',
    );
  for (const t of TOPICS)
    for (const verb of t.verbs) expect(verb.endsWith('ed') || irregular.includes(verb), verb).toBe(true);
});
