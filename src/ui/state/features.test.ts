import { expect, test } from 'vitest';
import type { FeatureDashboard } from '#engine/protocol/features.ts';
import type { PromptReport } from '#engine/protocol/prompts.ts';
import { actsOfFeature, keepDashboard } from './features.ts';
import { LOADING, type Loadable, ready } from './loadable.ts';

const entry = (feature: number): Loadable<FeatureDashboard> => ready({ feature } as FeatureDashboard);

test('the newest dashboards are kept, the oldest go first', () => {
  let map: ReadonlyMap<string, Loadable<FeatureDashboard>> = new Map();
  for (const f of [1, 2, 3, 1, 4]) map = keepDashboard(map, `s:${f}`, entry(f), 3);
  expect([...map.keys()]).toEqual(['s:3', 's:1', 's:4']);
});

test('a dashboard whose request was overtaken leaves no eternal loading behind', () => {
  const map = keepDashboard(keepDashboard(new Map(), 's:1', LOADING), 's:2', entry(2));
  expect([...map.keys()]).toEqual(['s:2']);
});

test('the acts of one feature are zero where it does not fire', () => {
  const report = {
    ids: [0, 1, 2],
    tokens: [
      { pos: 0, features: [] },
      { pos: 1, features: [{ feature: 7, act: 2.5 }] },
      { pos: 2, features: [{ feature: 8, act: 1 }] },
    ],
  } as unknown as PromptReport;
  expect([...actsOfFeature(report, 7)]).toEqual([0, 2.5, 0]);
});
