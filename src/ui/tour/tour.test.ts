import { expect, test } from 'vitest';
import type { SaeInfo } from '#engine/protocol/models.ts';
import { decodeView, encodeView } from '#share/codec.ts';
import type { ViewRef } from '#share/view_ref.ts';
import { isAtStop, stopOf, TOUR } from './stops.ts';
import { stopView } from './tour_links.ts';

const saes = [0, 1, 2].map(
  (layer) =>
    ({
      id: `${layer}`.repeat(22),
      source: 'embedded',
      site: `blocks.${layer}.attn.hook_z`,
    }) as SaeInfo,
);
const viewOf = (id: string): ViewRef => {
  const stop = stopOf(id);
  const view = stop && stopView(stop, saes);
  if (!view) throw new Error(`no view for ${id}`);
  return view;
};

test('the tour has eight stops, each with its own id, a title and two to four sentences', () => {
  expect(TOUR).toHaveLength(8);
  expect(new Set(TOUR.map((s) => s.id)).size).toBe(8);
  for (const { id, title, text } of TOUR) {
    expect(title.length, id).toBeLessThan(60);
    const sentences = text.split(/[.?!]["”]? /).length;
    expect(sentences, `${id}: ${text}`).toBeGreaterThanOrEqual(2);
    expect(sentences, `${id}: ${text}`).toBeLessThanOrEqual(4);
  }
});

test('the link of every stop reads back as the same view and names its stop', () => {
  for (const stop of TOUR) {
    const view = viewOf(stop.id);
    const { hash, note } = encodeView(view);
    expect(note).toBeUndefined();
    expect(decodeView(hash)).toEqual({ ok: true, view });
    expect(view.tour).toBe(stop.id);
    expect(isAtStop(stop, view)).toBe(true);
  }
});

test('a stop leads to the shipped SAE of its layer, and nowhere while that is unknown', () => {
  const own = { ...saes[1], id: 'x'.repeat(22), source: 'trained here' } as SaeInfo;
  const [first] = TOUR;
  if (first?.view !== 'feature') throw new Error('the first stop shows a feature');
  expect(stopView(first, [own, ...saes])?.sae).toBe(saes[first.layer]?.id);
  expect(stopView(first, [own])).toBeUndefined();
  expect(stopView(first, undefined)).toBeUndefined();
});

test('another token or feature than the promised one is not the stop', () => {
  for (const stop of TOUR) {
    const view = viewOf(stop.id);
    if (view.kind !== 'feature') continue;
    expect(isAtStop(stop, { ...view, position: (view.position ?? 0) + 1 })).toBe(false);
    expect(isAtStop(stop, { ...view, feature: view.feature + 1 })).toBe(false);
    expect(isAtStop(stop, { ...view, prompt: 'something else' })).toBe(false);
  }
});
