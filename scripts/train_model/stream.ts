import { makeRng, type Rng } from '#base/rng.ts';
import { randomRow } from '#text/storyland/probes.ts';
import type { StorylandDocument } from '#text/storyland/scene.ts';
import { BASE_MIX, type Storyland, storyland } from '#text/storyland/storyland.ts';
import { ANSWER_WEIGHT, BATCH_TOKENS, type MeanTokens, STAGES, type Stage, stageMix } from './stages.ts';

/** The training data in training order. `weights` are per cent: less than 100 on the first pass of a random sequence. */
export interface Stream {
  readonly tokens: Uint16Array;
  readonly weights: Uint8Array;
  /** Row length of each batch; a batch has BATCH_TOKENS ÷ row length rows. */
  readonly rows: readonly number[];
}

/** What a stream is made with. */
export interface StreamSource {
  readonly seed: string;
  readonly bos: number;
  readonly encode: (text: string) => number[];
  /** Ids of whole words, for random rows without a marker. */
  readonly wordIds: readonly number[];
  readonly vocabSize: number;
}

/** Share of random copies that are bare ids without the "Echo :" marker. */
const BARE_SHARE = 0.3;

/** All batches of all stages. */
export function makeStream(source: StreamSource): Stream {
  const batches = STAGES.map((s) => Math.round(s.tokens / BATCH_TOKENS));
  const total = batches.reduce((a, b) => a + b, 0) * BATCH_TOKENS;
  const tokens = new Uint16Array(total);
  const weights = new Uint8Array(total).fill(100);
  const rows: number[] = [];
  const mean = meanTokens(source);
  let at = 0;
  STAGES.forEach((stage, s) => {
    const rng = makeRng(`stream/${source.seed}/${s}`);
    const land = storyland(`${source.seed}/train/${s}`, stageMix(stage, BASE_MIX, mean));
    for (let b = 0; b < (batches[s] as number); b++) {
      const length = stage.rows[b % stage.rows.length] as number;
      rows.push(length);
      for (let r = 0; r < BATCH_TOKENS / length; r++, at += length) {
        fillRow(
          { source, rng, land, stage },
          tokens.subarray(at, at + length),
          weights.subarray(at, at + length),
        );
      }
    }
  });
  return { tokens, weights, rows };
}

interface RowMaker {
  readonly source: StreamSource;
  readonly rng: Rng;
  readonly land: Storyland;
  readonly stage: Stage;
}

/** A row: BOS and a document, again and again; the last document is cut. */
function fillRow(maker: RowMaker, tokens: Uint16Array, weights: Uint8Array): void {
  let at = 0;
  while (at < tokens.length) {
    tokens[at++] = maker.source.bos;
    const room = tokens.length - at;
    const piece = nextPiece(maker, room);
    const count = Math.min(room, piece.ids.length);
    for (let i = 0; i < count; i++) tokens[at + i] = piece.ids[i] as number;
    weights.fill(maker.stage.fresh, at + piece.freshFrom, at + Math.min(count, piece.freshTo));
    for (const answer of piece.answers) if (answer < count) weights[at + answer] = ANSWER_WEIGHT;
    at += count;
  }
}

interface Piece {
  readonly ids: readonly number[];
  readonly freshFrom: number;
  readonly freshTo: number;
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
  if (room < 8 || rng.uniform() >= odds / (1 + odds)) return textPiece(source, land.document());
  if (rng.uniform() < BARE_SHARE) return bareCopy(source, rng, length);
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

function bareCopy(source: StreamSource, rng: Rng, length: number): Piece {
  const loop = 3 + rng.int(Math.max(1, Math.floor(length / 2) - 2));
  const any = rng.uniform() < 0.15;
  const ids = any ? Array.from({ length: source.vocabSize - 1 }, (_, i) => i + 1) : source.wordIds;
  return { ids: randomRow(rng, ids, { loop, length }), freshFrom: 0, freshTo: loop, answers: [] };
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
