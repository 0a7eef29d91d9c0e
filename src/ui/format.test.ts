import { expect, test } from 'vitest';
import {
  formatAct3,
  formatDelta,
  formatNats,
  formatProbability,
  layerOf,
  pieceParts,
  pieceSpoken,
  pieceText,
} from './format.ts';

test('a leading space is a dot and an inner one stays a space', () => {
  expect(pieceText(' the')).toBe('·the');
  expect(pieceText(' a b ')).toBe('·a b·');
  expect(pieceText('   ')).toBe('···');
});

test('newline, tab and carriage return have signs of their own', () => {
  expect(pieceText('\n')).toBe('↵');
  expect(pieceText('.\n\t\r')).toBe('.↵⇥␍');
});

test('control, direction and lone surrogate characters are shown as numbers', () => {
  expect(pieceText('\u0007')).toBe('⟨07⟩');
  expect(pieceText('\u202e')).toBe('⟨202e⟩');
  expect(pieceText('\ud83d')).toBe('⟨d83d⟩');
  expect(pieceText('😀')).toBe('😀');
  expect(pieceText('')).toBe('∅');
});

test('parts tell marks from text', () => {
  expect(pieceParts(' x')).toEqual([
    { text: '·', mark: true },
    { text: 'x', mark: false },
  ]);
});

test('a screen reader hears whitespace by name', () => {
  expect(pieceSpoken('\n')).toBe('newline');
  expect(pieceSpoken(' ')).toBe('space');
  expect(pieceSpoken(' the')).toBe('the');
});

test('acts have three significant digits', () => {
  expect(formatAct3(0.012345)).toBe('0.0123');
  expect(formatAct3(4.5678)).toBe('4.57');
  expect(formatAct3(-123.4)).toBe('−123');
  expect(formatAct3(Number.NaN)).toBe('N/A');
});

test('nats, differences and probabilities keep small values visible', () => {
  expect(formatNats(2.345)).toBe('2.35');
  expect(formatNats(0.0012)).toBe('0.0012');
  expect(formatDelta(-0.5)).toBe('−0.50');
  expect(formatDelta(0.0004)).toBe('+0.0004');
  expect(formatProbability(0.5)).toBe('50.0%');
  expect(formatProbability(1e-6)).toBe('<0.01%');
});

test('the layer of a hook is its block', () => {
  expect(layerOf('blocks.11.attn.hook_z')).toBe(11);
  expect(layerOf('hook_embed')).toBeUndefined();
});
