import { expect, test } from 'vitest';
import { factWords } from './fact_words.ts';

test.each([
  [['topic=sea'], 'topic is sea'],
  [['kind=recipe', 'next.slot=place'], 'kind is recipe and next word is a place'],
  [['slot=adj'], 'this word is an adjective'],
  [['next.slot=animal'], 'next word is an animal'],
  [['sentence.word=0'], 'word 1 of its sentence'],
  [['line.word=8'], 'word 9 or later of its line'],
  [['repeat.distance=5-8'], 'this word stood here 5 to 8 words before'],
  [['word=='], 'this word is “=”'],
  [['previous.word=start'], 'first word of the text'],
  [['some.new=thing'], 'some new is thing'],
  [['constructor=x'], 'constructor is x'],
  [[], ''],
])('%j reads %s', (facts, words) => {
  expect(factWords(facts)).toBe(words);
});
