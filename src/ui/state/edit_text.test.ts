import { expect, test } from 'vitest';
import { editText, parseEdit, parsePositions, togglePosition } from './edit_text.ts';

test('an edit survives the way through the link', () => {
  for (const text of ['ablate', 'scale:0', 'scale:-1.5', 'clamp:4', 'add:0.25']) {
    const edit = parseEdit(text);
    expect(edit && editText(edit)).toBe(text);
  }
});

test('text that no panel writes is no edit', () => {
  for (const text of [undefined, '', 'scale', 'scale:', 'scale:1.2.3', 'clamp:x', 'ablate:1']) {
    expect(parseEdit(text)).toBeUndefined();
  }
});

test('values are written with four digits', () => {
  expect(editText({ op: 'add', value: 1 / 3 })).toBe('add:0.3333');
});

test('positions are sorted without repeats, and all means none listed', () => {
  expect(parsePositions('7,3,7')).toEqual([3, 7]);
  expect(parsePositions('all')).toBeUndefined();
  expect(togglePosition(undefined, 4)).toBe('4');
  expect(togglePosition('4', 2)).toBe('2,4');
  expect(togglePosition('4', 4)).toBeUndefined();
});
