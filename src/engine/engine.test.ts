// The real worker on the embedded model: slow on a software adapter, so the sizes are small and the cases few.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type EngineClient, openEngine } from './client.ts';
import type { SaeInfo } from './protocol/models.ts';
import type { TrainEvent, TrainJob } from './protocol/training.ts';
import type { Call, Notice } from './protocol.ts';

const TEXT = 'When Tom and Anna went to the harbor, Tom gave a map to Anna.';
const STEPS = 40;
const JOB: TrainJob = {
  site: 'blocks.0.attn.hook_z',
  variant: 'topk',
  config: { k: 4 },
  d_sae: 32,
  tokens: 64 * STEPS,
  batch: 64,
  seed: 3,
  abilityPrompts: 2,
};
let engine: EngineClient;
const notices: Notice[] = [];
const ask: EngineClient['call'] = (name, input) => engine.call(name, input);

beforeAll(async () => {
  engine = openEngine({ base: new URL('/', location.href).href });
  engine.onNotice((n) => notices.push(n));
  expect(await engine.ready).toEqual({ gpu: true });
});
afterAll(() => engine.close());

/** The embedded SAEs; a checkout whose pack has none yet skips what needs one. */
async function firstSae(): Promise<SaeInfo | undefined> {
  return (await ask('saes', {}).result).find((s) => s.source === 'embedded');
}

test('text is cut to the context and the report says how much was left out', async () => {
  const sae = await firstSae();
  if (!sae) return;
  const long = await ask('inspectPrompt', { input: TEXT.repeat(700), sae: sae.id }).result;
  expect(long.ids.length).toBe(128);
  expect(long.leftOut).toBeGreaterThan(9000);
  const empty = await ask('inspectPrompt', { input: '', bos: false, sae: sae.id }).result;
  expect(empty.ids).toEqual([]);
  const odd = await ask('inspectPrompt', { input: 'a\ud800b 😀 שלום', sae: sae.id }).result;
  expect(odd.pieces.length).toBe(odd.ids.length);
});

test('an edit that scales by one changes nothing, and ablation changes what follows', async () => {
  const sae = await firstSae();
  if (!sae) return;
  const { tokens } = await ask('encode', { input: TEXT, sae: sae.id }).result;
  const feature = tokens[3]?.features[0]?.feature ?? 0;
  const edit = { sae: sae.id, feature, positions: [3] };
  const same = await ask('editPrompt', {
    input: TEXT,
    sae: sae.id,
    edits: [{ ...edit, op: 'scale', value: 1 }],
  }).result;
  expect(Math.max(...same.kl)).toBeLessThan(1e-5);
  const gone = await ask('editPrompt', { input: TEXT, sae: sae.id, edits: [{ ...edit, op: 'ablate' }] })
    .result;
  expect(Math.max(...gone.kl.subarray(0, 3))).toBeLessThan(1e-5);
  expect(Math.max(...gone.kl.subarray(3))).toBeGreaterThan(1e-4);
});

test('the loss of forward, of the report and of ids alike is one number', async () => {
  const text = await ask('forward', { input: TEXT, logits: true }).result;
  const ids = await ask('forward', { input: text.ids }).result;
  expect(ids.loss).toBe(text.loss);
  const [model] = await ask('models', {}).result;
  expect(text.logits?.shape).toEqual([text.ids.length, model?.config.d_vocab]);
});

test('evaluate measures abilities clean and spliced when it is asked to', async () => {
  const sae = await firstSae();
  if (!sae) return;
  const call = ask('evaluate', { sae: sae.id, tokens: 128, abilities: 2 });
  const heard = new Set<string>();
  for await (const { what } of call) heard.add(what);
  const { abilities = [], ...metrics } = await call.result;
  expect([...heard]).toEqual(['evaluation', 'abilities']);
  expect(metrics.ceRecovered?.value).toBeGreaterThan(0.5);
  const induction = abilities.find((a) => a.key === 'induction');
  expect(induction?.n).toBe(50);
  // Random words that come again are told; the first time they cannot be.
  expect(induction?.clean).toBeLessThan(abilities.find((a) => a.key === 'randomFirst')?.clean as number);
  for (const a of abilities) expect(Number.isFinite(a.spliced), a.key).toBe(true);
  const plain = await ask('evaluate', { sae: sae.id, tokens: 128 }).result;
  expect(plain).not.toHaveProperty('abilities');
});

test('bad input gives one sentence each', async () => {
  const message = async (work: Call<'forward'> | Call<'train'>): Promise<string> =>
    work.result.then(
      () => 'no error',
      (e: Error) => e.message,
    );
  expect(await message(ask('forward', { input: [99999] }))).toContain('99999 is not a token id');
  expect(await message(ask('forward', { input: 'x', hooks: ['blocks.9.hook_z'] }))).toContain('no hook');
  expect(await message(ask('train', { ...JOB, d_sae: 2 ** 24 }))).toMatch(/largest|fit/);
  expect(await message(ask('train', { ...JOB, site: 'nowhere' }))).toContain('cannot be trained');
});

/** Losses by step until step `last`, with what `at` does after a checkpoint. */
async function lossesOf(
  call: Call<'train'> | Call<'resumeRun'>,
  last: number,
  at?: (run: string, event: TrainEvent) => void,
): Promise<{ run: string; losses: Map<number, number>; types: string[] }> {
  const losses = new Map<number, number>();
  const types: string[] = [];
  let run = '';
  for await (const event of call as AsyncIterable<TrainEvent>) {
    types.push(event.type);
    if (event.type === 'start') run = event.run.id;
    at?.(run, event);
    if (event.type !== 'step') continue;
    losses.set(event.step, event.metrics.mse);
    if (event.step >= last) break;
  }
  call.cancel();
  await call.result.catch(() => undefined);
  return { run, losses, types };
}

test('a run that is paused, or loses its device, gives the losses of one that is left alone', async () => {
  // The last step is in both, however the steps before it fell into submits.
  const alone = await lossesOf(ask('train', JOB), STEPS);
  let paused = false;
  let lost = false;
  const steered = await lossesOf(ask('train', JOB), STEPS, (run, event) => {
    if (event.type === 'step' && !paused) {
      paused = true;
      void ask('controlRun', { run, action: 'pause' }).result;
    }
    if (event.type === 'paused') void ask('controlRun', { run, action: 'resume' }).result;
    if (event.type === 'resumed' && !lost) {
      lost = true;
      void ask('debug', { action: 'destroyDevice' }).result.catch(() => undefined);
    }
  });
  expect(steered.types).toContain('paused');
  expect(notices.map((n) => n.type)).toContain('restarted');
  const common = [...steered.losses].filter(([step]) => alone.losses.has(step));
  expect(common.map(([step]) => step)).toContain(STEPS);
  for (const [step, loss] of common) expect(loss, `step ${step}`).toBe(alone.losses.get(step));
  const runs = await ask('runs', {}).result;
  expect(runs.filter((r) => r.status === 'stopped').length).toBe(2);
  const { items } = await ask('storage', {}).result;
  for (const { id, deletable } of items) if (deletable) await ask('deleteStored', { id }).result;
  expect(await ask('runs', {}).result).toEqual([]);
}, 180_000);
