/** What each variable of Storyland says in words; a variable that is not here reads 'variable is value'. */
const WORDS: Readonly<Record<string, (value: string) => string>> = {
  slot: (v) => `this word is ${slotWord(v)}`,
  'next.slot': (v) => `next word is ${slotWord(v)}`,
  role: (v) => `this word is ${roleWord(v)}`,
  'next.role': (v) => `next word is ${roleWord(v)}`,
  mention: (v) => `this word names ${v === 'io' ? 'who receives (IO)' : 'who gives (S)'}`,
  io: (v) => `${v} receives (IO)`,
  s: (v) => `${v} gives (S)`,
  speaker: (v) => `${v} speaks`,
  hero: (v) => `the story is about ${v}`,
  main: (v) => `the text is about “${v}”`,
  quote: () => 'inside a quotation',
  bracket: (v) => `inside ${v} brackets`,
  'bracket.depth': (v) => `bracket depth is ${orMore(v, 4)}`,
  'list.index': (v) => `list item ${orMore(v, 6)}`,
  repeat: () => 'this word stood here before',
  'repeat.distance': (v) => `this word stood here ${v.replace('-', ' to ')} words before`,
  'sentence.index': (v) => `sentence ${orMore(next(v), 6)} of the text`,
  'sentence.word': (v) => `word ${orMore(next(v), 9)} of its sentence`,
  'line.word': (v) => `word ${orMore(next(v), 9)} of its line`,
  named: (v) => `${v} was named before`,
  word: (v) => (v === 'newline' ? 'this is a line break' : `this word is “${v}”`),
  'previous.word': (v) => (v === 'start' ? 'first word of the text' : `previous word is “${v}”`),
  'next.sign': (v) => `next comes “${v}”`,
  'next.answer': () => 'next word is an answer from the text before',
  next: () => 'last word of the text',
  refrain: () => 'inside a refrain',
};

/** Slots whose words take no article, and those whose name is short for something. */
const SLOTS: Readonly<Record<string, string>> = {
  adj: 'an adjective',
  clothes: 'clothes',
  food: 'food',
  weather: 'weather',
  name: 'a name',
  Do: 'a thing to do',
};

/** One or two facts ('topic=sea') as a person reads them: 'topic is sea and next word is a place'. */
export function factWords(facts: readonly string[]): string {
  return facts.map(oneFact).join(' and ');
}

function oneFact(fact: string): string {
  const at = fact.indexOf('=');
  const [variable, value] = [fact.slice(0, at), fact.slice(at + 1)];
  const say = Object.hasOwn(WORDS, variable) ? WORDS[variable] : undefined;
  return say ? say(value) : `${variable.replaceAll('.', ' ')} is ${value}`;
}

function slotWord(slot: string): string {
  if (Object.hasOwn(SLOTS, slot)) return SLOTS[slot] as string;
  return `${/^[aeiou]/i.test(slot) ? 'an' : 'a'} ${slot}`;
}

const roleWord = (role: string): string => (role === 'IO' ? 'who receives (IO)' : 'who gives (S)');
/** Storyland counts words and sentences from 0, people from 1. */
const next = (value: string): string => String(Number(value) + 1);
/** The generator counts no further than this. */
const orMore = (value: string, last: number): string => (Number(value) >= last ? `${value} or later` : value);
