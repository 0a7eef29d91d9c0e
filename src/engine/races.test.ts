// The real worker on the embedded model: slow on a software adapter, so the sizes are small and the cases few.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EngineClient, openEngine } from './client.ts';
import type { RaceEvent, RaceJob } from './protocol/races.ts';

const JOB: RaceJob = {
  site: 'blocks.0.attn.hook_z',
  members: [
    { variant: 'topk', config: { k: 2 }, d_sae: 32 },
    { variant: 'topk', config: { k: 4 }, d_sae: 32 },
    { variant: 'topk', config: { k: 4 }, d_sae: 64, title: 'wider' },
  ],
  tokens: 64 * 40,
  batch: 64,
  seed: 3,
  evaluationTokens: 1024,
};
let engine: EngineClient;
beforeAll(async () => {
  engine = openEngine({ base: new URL('/', location.href).href });
  expect(await engine.ready).toEqual({ gpu: true });
});
afterAll(() => engine.close());

// Three runs, and six measurements of the whole model: a minute and more beside other work on two cores.
test('a race tells each member apart and compares those of equal L0', { timeout: 240_000 }, async () => {
  const call = engine.call('race', JOB);
  const events: RaceEvent[] = [];
  for await (const event of call) events.push(event);
  const { members, race } = await call.result;
  const start = events[0];
  expect(start).toMatchObject({
    type: 'start',
    race,
    titles: ['TopK, k 2', 'TopK, k 4', 'wider'],
    steps: 40,
  });
  for (const member of [0, 1, 2]) {
    const last = events.findLast((e) => e.type === 'step' && e.member === member);
    expect(last).toMatchObject({ step: 40, tokens: 64 * 40 });
    expect(events.some((e) => e.type === 'ended' && e.member === member && !e.error)).toBe(true);
  }
  // Marks at a third and two thirds of 40 steps, whatever the pace of the adapter.
  expect(events.flatMap((e) => (e.type === 'standings' ? [e.step] : []))).toEqual([14, 27]);
  const stored = await engine.call('saes', {}).result;
  for (const { sae, row, standing } of members) {
    expect(stored.some((s) => s.id === sae?.id && s.metrics?.ceRecovered)).toBe(true);
    expect(row?.density.counts.reduce((a, b) => a + b, 0)).toBe(sae?.d_sae);
    expect(standing?.ceRecovered.value).toBeCloseTo(row?.metrics.ceRecovered?.value ?? Number.NaN, 9);
    expect(standing?.l0.low).toBeLessThanOrEqual(standing?.l0.high ?? Number.NaN);
  }
  // k 2 has no equal; the two of k 4 are measured against each other, and one of them leads.
  expect(members[0]?.standing).toMatchObject({ equals: [], leader: 0 });
  expect(members[1]?.standing?.equals).toEqual([2]);
  const [a, b] = [members[1]?.standing, members[2]?.standing];
  expect(a?.leader).toBe(b?.leader);
  const loser = a?.leader === 1 ? b : a;
  expect(loser?.behind?.value).toBeLessThan(0);
  expect(loser?.behind?.low).toBeLessThan(loser?.behind?.value ?? Number.NaN);
});

test('a race is paused, goes on and is stopped; what cannot race is refused', {
  timeout: 240_000,
}, async () => {
  const call = engine.call('race', { ...JOB, members: JOB.members.slice(0, 2), tokens: 64 * 4000 });
  let race = '';
  const seen: string[] = [];
  for await (const event of call) {
    if (event.type !== 'step') seen.push(event.type);
    if (event.type === 'start') race = event.race;
    if (event.type === 'step' && seen.length === 1) {
      seen.push('asked');
      await engine.call('controlRace', { race, action: 'pause' }).result;
    }
    if (event.type === 'paused') await engine.call('controlRace', { race, action: 'resume' }).result;
    if (event.type === 'resumed') await engine.call('controlRace', { race, action: 'stop' }).result;
  }
  expect(seen.slice(0, 4)).toEqual(['start', 'asked', 'paused', 'resumed']);
  const { members } = await call.result;
  expect(members.map((m) => m.row?.step)).toSatisfy((steps: number[]) =>
    steps.every((s) => s > 0 && s < 4000),
  );
  const alone = engine.call('race', { ...JOB, members: JOB.members.slice(0, 1) }).result;
  await expect(alone).rejects.toThrow('2 to 6 members, not 1');
  await expect(engine.call('controlRace', { race, action: 'stop' }).result).rejects.toThrow('no race');
});
