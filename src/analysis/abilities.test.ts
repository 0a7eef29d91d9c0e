import { expect, test } from 'vitest';
import type { AbilityKind, AbilityPrompts, AbilityQuestion } from '#base/ability.ts';
import { TINY, tinyModel } from '#e2e/fixtures/tiny_model.ts';
import { perfectSae, tinySae } from '#e2e/fixtures/tiny_sae.ts';
import { testGpu } from '#gpu/testing.ts';
import type { HookName } from '#model/hooks.ts';
import type { HookEdit, LanguageModel } from '#model/model.ts';
import { type SaeWeights, saeOnGpu } from '#sae/weights.ts';
import { type AbilityFigures, type AbilityOptions, abilitiesOf, measureAbilities } from './abilities.ts';
import { ablationEdit, spliceEdit } from './splice.ts';

const gpu = await testGpu();
const site: HookName = 'blocks.1.attn.hook_z';
const D_IN = TINY.n_heads * TINY.d_head;

const kind = (key: string, unit: AbilityKind['unit']): AbilityKind => ({
  ...{ key, unit, label: key, better: unit === 'nats' ? 'lower' : 'higher', definition: key },
});
/** Rows of three lengths; every unit, with and without rivals, several questions a row and at one position. */
const PROMPTS: AbilityPrompts = {
  kinds: [
    kind('loss', 'nats'),
    kind('chance', 'probability'),
    kind('pair', 'share'),
    kind('top', 'share'),
    kind('unasked', 'share'),
  ],
  rows: [
    {
      ids: [0, 4, 9, 11, 4, 9, 30],
      questions: [
        { of: 'loss', at: 2, right: 11 },
        { of: 'loss', at: 5, right: 30 },
        { of: 'chance', at: 5, right: 30 },
        { of: 'pair', at: 6, right: 3, rivals: [17, 8] },
      ],
    },
    { ids: [0, 7, 3], questions: [{ of: 'pair', at: 2, right: 12, rivals: [13] }] },
    { ids: [0, 5, 6, 5], questions: [{ of: 'pair', at: 3, right: 1, rivals: [2] }] },
    ...[2, 8, 15, 23, 31].map((id) => ({
      ids: [0, id, 33, 20, id],
      questions: [
        { of: 'top', at: 4, right: 5 },
        { of: 'chance', at: 4, right: 5 },
      ] satisfies AbilityQuestion[],
    })),
    { ids: [0, 1], questions: [] },
  ],
};

async function measure(model: LanguageModel, options: AbilityOptions = {}): Promise<AbilityFigures> {
  const run = measureAbilities(gpu, model, PROMPTS, options);
  for (;;) {
    const step = await run.next();
    if (step.done) return step.value;
    expect(step.value.done).toBeLessThanOrEqual(step.value.total);
  }
}

/** Logits [d_vocab] after position `at` of one row that runs alone. */
async function logitsAfter(
  model: LanguageModel,
  ids: readonly number[],
  at: number,
  edit?: HookEdit,
): Promise<Float32Array> {
  using s = gpu.scope('test');
  using ws = model.workspace({ batch: 1, seq: ids.length });
  const rec = gpu.record('test');
  const tokens = s.upload('tokens', [1, ids.length], 'u32', Uint32Array.from(ids));
  const run = model.forward(rec, ws, tokens, edit ? { edit: new Map([[site, edit]]) } : {});
  const logits = model.logits(rec, run, { from: at, count: 1 });
  await rec.submit();
  return gpu.readF32(logits);
}

/** The figures by their definitions, question by question in f64. */
async function reference(model: LanguageModel, edit?: HookEdit): Promise<Map<string, number>> {
  const answers = new Map<string, number[]>();
  for (const { ids, questions } of PROMPTS.rows) {
    for (const { of, at, right, rivals } of questions) {
      const logits = [...(await logitsAfter(model, ids, at, edit))];
      const p = Math.exp(logits[right] as number) / logits.reduce((sum, l) => sum + Math.exp(l), 0);
      const others = rivals ?? logits.map((_, id) => id).filter((id) => id !== right);
      const wins = others.every((id) => (logits[right] as number) > (logits[id] as number));
      const unit = PROMPTS.kinds.find((k) => k.key === of)?.unit;
      const value = unit === 'nats' ? -Math.log(p) : unit === 'probability' ? p : Number(wins);
      answers.set(of, [...(answers.get(of) ?? []), value]);
    }
  }
  return new Map([...answers].map(([key, all]) => [key, all.reduce((a, b) => a + b, 0) / all.length]));
}

function expectFigures(got: AbilityFigures, want: ReadonlyMap<string, number>): void {
  expect([...got.keys()].sort()).toEqual([...want.keys()].sort());
  // −log p from f32 logits of size 1.
  for (const [key, value] of want) expect(got.get(key)?.value, key).toBeCloseTo(value, 5);
}

test('figures agree with their definitions, whatever rows run together', async () => {
  using model = tinyModel(gpu, 'abilities').model;
  const want = await reference(model);
  const live = gpu.pool.liveBytes;
  for (const batch of [1, 3, 100]) expectFigures(await measure(model, { batch }), want);
  expect(gpu.pool.liveBytes).toBe(live);
  const got = await measure(model);
  expect([...got].map(([key, { n }]) => [key, n]).sort()).toEqual([
    ['chance', 6],
    ['loss', 2],
    ['pair', 3],
    ['top', 5],
  ]);
  // Seeds whose answers are not all alike, so that a share says something.
  expect(want.get('pair')).toBeGreaterThan(0);
  expect(want.get('pair')).toBeLessThan(1);
});

test('spliced figures are those of the model with the reconstruction in its site', async () => {
  using model = tinyModel(gpu, 'abilities').model;
  for (const excludedPositions of [[0], []]) {
    using sae = tinySae(gpu, 'abilities', { excludedPositions }).sae;
    using splice = spliceEdit(gpu, sae, { batch: 1, seq: 7 });
    const want = await reference(model, splice.edit);
    expectFigures(await measure(model, { sae }), want);
    expect(want.get('loss')).not.toBeCloseTo((await reference(model)).get('loss') as number, 3);
  }
});

test('a perfect SAE changes no ability', async () => {
  using model = tinyModel(gpu, 'abilities').model;
  using sae = perfectSae(gpu);
  const clean = await measure(model);
  const spliced = await measure(model, { sae });
  // x = relu(x) − relu(−x) is exact in f32.
  for (const [key, { value }] of clean) expect(spliced.get(key)?.value, key).toBeCloseTo(value, 6);
});

test('an SAE that reconstructs zeros is zero ablation', async () => {
  using model = tinyModel(gpu, 'abilities').model;
  const zeros = (n: number): Float32Array<ArrayBuffer> => new Float32Array(n);
  const weights: SaeWeights = {
    ...{ d_in: D_IN, d_sae: 8, actRule: { kind: 'topk', k: 2 }, applyBDecToInput: true },
    ...{ W_enc: zeros(8 * D_IN), b_enc: zeros(8), W_dec: zeros(8 * D_IN), b_dec: zeros(D_IN) },
  };
  const meta = { id: 'zero', title: 'zero', model: 'tiny', site, variant: 'topk', excludedPositions: [0] };
  using sae = saeOnGpu(gpu, weights, meta);
  using ablation = ablationEdit(gpu, { batch: 1, seq: 7, d_in: D_IN, excludedPositions: [0] });
  expectFigures(await measure(model, { sae }), await reference(model, ablation.edit));
});

test('abilities name clean and spliced figures in the order of their kinds', () => {
  const clean: AbilityFigures = new Map([
    ['top', { value: 0.5, n: 4 }],
    ['loss', { value: 2, n: 9 }],
  ]);
  const spliced: AbilityFigures = new Map([['loss', { value: 3, n: 9 }]]);
  const all = abilitiesOf(PROMPTS.kinds, clean, spliced);
  expect(all.map(({ key, clean, spliced, n }) => [key, clean, spliced, n])).toEqual([
    ['loss', 2, 3, 9],
    ['top', 0.5, undefined, 4],
  ]);
});

test('two right answers at one position and a fired signal end the measurement', async () => {
  using model = tinyModel(gpu, 'abilities').model;
  const live = gpu.pool.liveBytes;
  const questions = [
    { of: 'loss', at: 1, right: 3 },
    { of: 'loss', at: 1, right: 4 },
  ];
  const twice = measureAbilities(gpu, model, { kinds: PROMPTS.kinds, rows: [{ ids: [0, 1], questions }] });
  await expect(twice.next()).rejects.toThrow('two right answers, 3 and 4');
  const stop = new AbortController();
  const run = measureAbilities(gpu, model, PROMPTS, { batch: 1, signal: stop.signal });
  await run.next();
  stop.abort();
  await expect(run.next()).rejects.toMatchObject({ code: 'cancelled' });
  expect(gpu.pool.liveBytes).toBe(live);
});
