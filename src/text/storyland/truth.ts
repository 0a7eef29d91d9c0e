import type { Span } from './marks.ts';
import type { StorylandDocument } from './scene.ts';
import { NAMES } from './words.ts';

const NAME_SET: ReadonlySet<string> = new Set(NAMES);
const OPENING = '([{';
const CLOSING = ')]}';
const BRACKET_NAMES = ['round', 'square', 'curly'];

/** One word, number or sign of a document; `start` and `end` are UTF-8 byte offsets without the space before it. */
interface Word {
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/**
 * The ground-truth facts of every token, as `variable=value`.
 *
 * `lengths` are the UTF-8 bytes of the tokens of doc.text in order. A token takes the facts of the word in which its
 * first byte that is no space lies; a piece of a word takes those of its word. Variables: kind, topic, slot, role, io,
 * s, mention (io, s), speaker, main and further ones that writers mark, next.slot, next.answer, quote, bracket,
 * bracket.depth, list.index, repeat, repeat.distance, sentence.index, sentence.word, line.word, named, word,
 * previous.word.
 */
export function factsOf(doc: StorylandDocument, lengths: readonly number[]): readonly (readonly string[])[] {
  const words = wordsOf(doc.text);
  const facts = wordFacts(doc, words);
  const bytes = new TextEncoder().encode(doc.text);
  let at = 0;
  let w = 0;
  return lengths.map((length) => {
    let first = at;
    while (first < at + length && isSpace(bytes[first] as number)) first++;
    at += length;
    if (first === at) return [...documentFacts(doc), 'word=newline'];
    while (w + 1 < words.length && (words[w] as Word).end <= first) w++;
    return facts[w] ?? documentFacts(doc);
  });
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a;
}

function documentFacts({ kind, topic }: StorylandDocument): string[] {
  return topic === undefined ? [`kind=${kind}`] : [`kind=${kind}`, `topic=${topic}`];
}

/** Words with their byte offsets: letters or digits together, "'s" apart, every other sign alone. */
function wordsOf(text: string): Word[] {
  const encoder = new TextEncoder();
  const out: Word[] = [];
  let at = 0;
  let bytes = 0;
  for (const match of text.matchAll(/\p{L}+|\p{N}+|'s|[^\s\p{L}\p{N}]/gu)) {
    bytes += encoder.encode(text.slice(at, match.index)).length;
    const size = encoder.encode(match[0]).length;
    out.push({ text: match[0], start: bytes, end: bytes + size });
    bytes += size;
    at = match.index + match[0].length;
  }
  return out;
}

function wordFacts(doc: StorylandDocument, words: readonly Word[]): string[][] {
  const scan = new Scanner(doc);
  const spans = words.map((word) => doc.spans.filter((s) => s.start <= word.start && word.start < s.end));
  const answers = new Set(byteAnswers(doc));
  return words.map((word, i) => [
    ...documentFacts(doc),
    ...scan.facts(word),
    ...spanFacts(word, spans[i] as Span[]),
    ...nextFacts(words[i + 1], spans[i + 1], answers),
    `previous.word=${words[i - 1]?.text ?? 'start'}`,
  ]);
}

function spanFacts(word: Word, spans: readonly Span[]): string[] {
  const facts = spans.map((s) => `${s.variable}=${s.value}`);
  const named = (variable: string): boolean => facts.includes(`${variable}=${word.text}`);
  if (named('io')) facts.push('mention=io');
  if (named('s')) facts.push('mention=s');
  return [...new Set(facts)];
}

/** What the next word is: features of attention outputs often prepare it. */
function nextFacts(
  next: Word | undefined,
  spans: readonly Span[] = [],
  answers: ReadonlySet<number>,
): string[] {
  if (!next) return ['next=end'];
  const slot = spans.filter((s) => s.variable === 'slot').map((s) => `next.slot=${s.value}`);
  const role = spans.filter((s) => s.variable === 'role').map((s) => `next.role=${s.value}`);
  const sign = /[\p{L}\p{N}]/u.test(next.text) ? [] : [`next.sign=${next.text}`];
  return [...slot, ...role, ...sign, ...(answers.has(next.start) ? ['next.answer=yes'] : [])];
}

/** Where answers begin, as byte offsets of their words (behind the space). */
function byteAnswers({ text, answers = [] }: StorylandDocument): number[] {
  return answers.map((at) => new TextEncoder().encode(text.slice(0, at)).length + 1);
}

/** Walks the words of a document once and says what holds at each. */
class Scanner {
  readonly #bytes: Uint8Array;
  readonly #lastSeen = new Map<string, number>();
  readonly #names: string[] = [];
  readonly #brackets: number[] = [];
  #index = 0;
  #sentence = 0;
  #inSentence = 0;
  #inLine = 0;
  #quote = false;
  #listIndex = 0;
  #from = 0;

  constructor(doc: StorylandDocument) {
    this.#bytes = new TextEncoder().encode(doc.text);
  }

  facts(word: Word): string[] {
    this.#lineBreaks(word);
    if (word.text === '”') this.#quote = false;
    const close = CLOSING.indexOf(word.text);
    const facts = [
      `word=${word.text}`,
      `sentence.index=${Math.min(this.#sentence, 5)}`,
      `sentence.word=${Math.min(this.#inSentence, 8)}`,
      `line.word=${Math.min(this.#inLine, 8)}`,
      ...(this.#quote ? ['quote=open'] : []),
      ...this.#bracketFacts(),
      ...(this.#listIndex > 0 ? [`list.index=${Math.min(this.#listIndex, 6)}`] : []),
      ...this.#repeat(word),
      ...this.#names.map((name) => `named=${name}`),
    ];
    this.#after(word, close);
    return facts;
  }

  #lineBreaks(word: Word): void {
    if (this.#bytes.subarray(this.#from, word.start).includes(0x0a)) {
      this.#inLine = 0;
      this.#listIndex = word.text === '-' ? this.#listIndex + 1 : 0;
      this.#inSentence = 0;
      this.#sentence++;
    }
    this.#from = word.end;
  }

  #bracketFacts(): string[] {
    const inner = this.#brackets.at(-1);
    if (inner === undefined) return [];
    return [`bracket=${BRACKET_NAMES[inner]}`, `bracket.depth=${Math.min(this.#brackets.length, 4)}`];
  }

  /** A word of letters that stood here before: yes, and how many words ago (2, 3-4, 5-8, 9-16, 17-32, 33+). */
  #repeat({ text }: Word): string[] {
    const before = this.#lastSeen.get(text);
    this.#lastSeen.set(text, this.#index);
    if (before === undefined || !/^\p{L}{2,}/u.test(text)) return [];
    const distance = this.#index - before;
    const upper = [2, 4, 8, 16, 32].find((most) => distance <= most);
    const range = { 2: '1-2', 4: '3-4', 8: '5-8', 16: '9-16', 32: '17-32' }[upper ?? 0] ?? '33+';
    return ['repeat=yes', `repeat.distance=${range}`];
  }

  #after({ text }: Word, close: number): void {
    if (text === '“') this.#quote = true;
    if (OPENING.includes(text)) this.#brackets.push(OPENING.indexOf(text));
    if (close >= 0 && this.#brackets.at(-1) === close) this.#brackets.pop();
    if (NAME_SET.has(text) && !this.#names.includes(text)) this.#names.push(text);
    this.#index++;
    this.#inLine++;
    this.#inSentence++;
    if ('.?!'.includes(text)) {
      this.#inSentence = 0;
      this.#sentence++;
    }
  }
}
