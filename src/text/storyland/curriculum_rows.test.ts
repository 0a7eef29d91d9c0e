import { describe, expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { ANSWER_WEIGHT, STAGES, type Stage } from './curriculum.ts';
import { fillRow, type StreamSource } from './curriculum_rows.ts';
import { BASE_MIX, storyland } from './storyland.ts';

const BOS = 0;
const BREAK = 1;
const FIRST_WORD = 10;
const TEXT = 200;
const VOCABULARY = 5000;

/** Words of a vocabulary that no text has, and texts in ids from TEXT on: so each piece says where it is from. */
function fakeSource(): StreamSource {
  const known = new Map<string, number>();
  const idOf = (piece: string): number => {
    if (piece === '\n') return BREAK;
    if (!known.has(piece)) known.set(piece, TEXT + known.size);
    return known.get(piece) as number;
  };
  return {
    seed: 'test',
    bos: BOS,
    encode: (text) => (text.match(/\n| ?[^\s]+| /g) ?? []).map(idOf),
    wordIds: Array.from({ length: 150 }, (_, i) => FIRST_WORD + i),
    vocabSize: VOCABULARY,
  };
}

function rowsOf(stage: Stage, count: number): { tokens: Uint16Array; weights: Uint8Array }[] {
  const maker = { source: fakeSource(), rng: makeRng('rows'), land: storyland('rows', BASE_MIX), stage };
  return Array.from({ length: count }, () => {
    const tokens = new Uint16Array(128);
    const weights = new Uint8Array(128).fill(100);
    fillRow(maker, tokens, weights);
    return { tokens, weights };
  });
}

const last = STAGES.at(-1) as Stage;
const isWord = (id: number | undefined): boolean => id !== undefined && id >= FIRST_WORD && id < TEXT;

describe('rows of the curriculum', () => {
  test('begin with BOS, are full, and weigh answers more', () => {
    const rows = rowsOf(last, 40);
    for (const { tokens } of rows) expect(tokens[0]).toBe(BOS);
    const weights = new Set(rows.flatMap((r) => [...r.weights]));
    expect(weights).toContain(ANSWER_WEIGHT);
    expect(weights).toContain(100);
  });

  test('while copying forms, in the first three stages, no piece is left out of the loss', () => {
    for (const stage of STAGES.slice(0, 3)) {
      expect(stage.odd).toBe(0);
      expect(rowsOf(stage, 40).some((r) => r.weights.includes(0))).toBe(false);
    }
  });

  test('an odd opening stands after BOS, is never predicted, and a line break that is predicted ends it', () => {
    let openings = 0;
    for (const { tokens, weights } of rowsOf(last, 400)) {
      for (let at = 0; at < tokens.length; at++) {
        if (weights[at] !== 0) continue;
        expect(tokens[at - 1]).toBe(BOS);
        while (weights[at] === 0) at++;
        expect(tokens[at]).toBe(BREAK);
        expect(weights[at]).toBe(100);
        expect(tokens[at + 1]).not.toBe(BOS);
        openings++;
      }
    }
    // 400 rows of about three documents, six in a hundred of them.
    expect(openings).toBeGreaterThan(30);
    expect(openings).toBeLessThan(120);
  });

  test('in the last stage a bare copy never goes round in less than its shortest loop', () => {
    let copies = 0;
    for (const { tokens, weights } of rowsOf(last, 800)) {
      tokens.forEach((id, at) => {
        if (id !== BOS || !isWord(tokens[at + 1]) || weights[at + 1] === 0) return;
        const end = tokens.indexOf(BOS, at + 1);
        const piece = [...tokens.subarray(at + 1, end < 0 ? tokens.length : end)];
        expect(piece.every(isWord)).toBe(true);
        const again = piece.indexOf(piece[0] as number, 1);
        expect(again).toBeGreaterThanOrEqual(last.bare.leastLoop);
        expect(piece.slice(again)).toEqual(piece.slice(0, piece.length - again));
        copies++;
      });
    }
    expect(copies).toBeGreaterThan(5);
  });
});
