import type { Rng } from '#base/rng.ts';
import type { Tokenizer } from '../tokenizer.ts';
import { wordEncoder } from '../word_encoder.ts';
import { ANSWER_WEIGHT, type BareCopies, type MeanTokens, type Stage } from './curriculum.ts';
import { randomRow } from './probes.ts';
import type { StorylandDocument } from './scene.ts';
import { BASE_MIX, type Storyland, storyland } from './storyland.ts';

/** What a stream is made with. */
export interface StreamSource {
  readonly seed: string;
  readonly bos: number;
  readonly encode: (text: string) => number[];
  /** Ids of whole words, for random rows without a marker. */
  readonly wordIds: readonly number[];
  readonly vocabSize: number;
}

/** A source in the tokens of a tokenizer that splits words as GPT-2's does and has a BOS. */
export function streamSource(seed: string, tokenizer: Tokenizer): StreamSource {
  const encode = wordEncoder((text) => tokenizer.encode(text));
  const { vocabSize, bosId = 0 } = tokenizer;
  const wordIds: number[] = [];
  for (let id = FIRST_WORD; id < vocabSize; id++) {
    const piece = tokenizer.piece(id);
    if (/^ [a-zA-Z]{2,}$/.test(piece) && encode(piece).length === 1) wordIds.push(id);
  }
  return { seed, bos: bosId, encode, wordIds, vocabSize };
}

/** Ids below are the BOS and the bytes. */
const FIRST_WORD = 257;

/** The longest odd opening, tokens: a foreign sentence of five words is about as long. */
const LONGEST_ODD = 12;
/** Room that a document should have after an odd opening. */
const ROOM_AFTER_ODD = 24;

/** What the rows of one stage are made with. */
export interface RowMaker {
  readonly source: StreamSource;
  readonly rng: Rng;
  readonly land: Storyland;
  readonly stage: Stage;
}

/** A row: BOS and a document, again and again; the last document is cut. */
export function fillRow(maker: RowMaker, tokens: Uint16Array, weights: Uint8Array): void {
  let at = 0;
  while (at < tokens.length) {
    tokens[at++] = maker.source.bos;
    const room = tokens.length - at;
    const piece = nextPiece(maker, room);
    const count = Math.min(room, piece.ids.length);
    for (let i = 0; i < count; i++) tokens[at + i] = piece.ids[i] as number;
    const { freshWeight = maker.stage.fresh } = piece;
    weights.fill(freshWeight, at + piece.freshFrom, at + Math.min(count, piece.freshTo));
    for (const answer of piece.answers) if (answer < count) weights[at + answer] = ANSWER_WEIGHT;
    at += count;
  }
}

interface Piece {
  readonly ids: readonly number[];
  readonly freshFrom: number;
  readonly freshTo: number;
  /** Weight in per cent of what stands from freshFrom to freshTo; default the stage's. */
  readonly freshWeight?: number;
  /** Positions of answers. */
  readonly answers: readonly number[];
}

/**
 * Copies fill the rest of their row, about `room` tokens, and documents about 45: so a copy is drawn with a
 * probability that makes its share of tokens the stage's.
 */
function nextPiece({ source, rng, land, stage }: RowMaker, room: number): Piece {
  const length = room >= 8 ? 8 + rng.int(room - 7) : room;
  const text = Math.min(room, 42);
  const odds = (stage.echo / (1 - stage.echo)) * (text / ((8 + room) / 2));
  if (room < 8 || rng.uniform() >= odds / (1 + odds)) {
    const piece = textPiece(source, land.document());
    const isOdd = stage.odd > 0 && room >= LONGEST_ODD + ROOM_AFTER_ODD && rng.uniform() < stage.odd;
    return isOdd ? afterOddOpening(source, rng, piece) : piece;
  }
  if (length >= 2 * stage.bare.leastLoop && rng.uniform() < stage.bare.share)
    return bareCopy(source, rng, { length, bare: stage.bare });
  const doc = land.document('echo', length - 2);
  const head = source.encode(doc.text.slice(0, doc.copyFrom));
  return {
    ids: [...head, ...source.encode(doc.text.slice(doc.copyFrom))],
    freshFrom: 2,
    freshTo: head.length,
    answers: [],
  };
}

/** Encodes between the answers, which begin at a space, so the ids are those of the whole text. */
function textPiece(source: StreamSource, { text, answers = [] }: StorylandDocument): Piece {
  const ids: number[] = [];
  const at: number[] = [];
  [0, ...answers].forEach((from, i) => {
    if (i > 0) at.push(ids.length);
    ids.push(...source.encode(text.slice(from, answers[i])));
  });
  return { ids, freshFrom: 0, freshTo: 0, answers: at };
}

function bareCopy(
  source: StreamSource,
  rng: Rng,
  { length, bare }: { readonly length: number; readonly bare: BareCopies },
): Piece {
  const { leastLoop } = bare;
  const loop = leastLoop + rng.int(Math.max(1, Math.floor(length / 2) - leastLoop + 1));
  const any = rng.uniform() < bare.any;
  const ids = any ? everyId(source) : source.wordIds;
  return { ids: randomRow(rng, ids, { loop, length }), freshFrom: 0, freshTo: loop, answers: [] };
}

/** What somebody may type (pieces of any text, words, one piece again and again), a line break, and the document. */
function afterOddOpening(source: StreamSource, rng: Rng, { ids, answers }: Piece): Piece {
  const kind = rng.int(4);
  const drawn = kind === 0 ? source.wordIds : everyId(source);
  const one = drawn[rng.int(drawn.length)] as number;
  const count = 1 + rng.int(kind === 1 ? 5 : LONGEST_ODD - 1);
  const opening = Array.from({ length: count }, () =>
    kind === 1 ? one : (drawn[rng.int(drawn.length)] as number),
  );
  opening.push(...source.encode('\n'));
  const shift = opening.length;
  return {
    ids: [...opening, ...ids],
    freshFrom: 0,
    freshTo: count,
    freshWeight: 0,
    answers: answers.map((a) => a + shift),
  };
}

/** Every id but the BOS. */
function everyId({ vocabSize }: StreamSource): number[] {
  return Array.from({ length: vocabSize - 1 }, (_, i) => i + 1);
}

/** Tokens per document of each kind, over 400 documents. */
export function meanTokens(source: Pick<StreamSource, 'encode'>): MeanTokens {
  const land = storyland('mean tokens');
  return Object.fromEntries(
    Object.keys(BASE_MIX).map((kind) => {
      let sum = 0;
      for (let i = 0; i < 400; i++) sum += source.encode(land.document(kind).text).length + 1;
      return [kind, sum / 400];
    }),
  );
}
