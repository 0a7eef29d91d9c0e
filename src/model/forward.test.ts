import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { tinyModel } from '#e2e/fixtures/models.ts';
import { expectClose } from '#e2e/fixtures/numbers.ts';
import { add, scale } from '#gpu/ops/elementwise.ts';
import type { Scope } from '#gpu/scope.ts';
import type { Tensor } from '#gpu/tensor.ts';
import { testGpu } from '#gpu/testing.ts';
import { type HookName, hookNames } from './hooks.ts';
import type { HookEdit, LanguageModel, RunOptions } from './model.ts';
import { bucketOf } from './workspace.ts';

const gpu = await testGpu();
const Z0: HookName = 'blocks.0.attn.hook_z';
const LAST: HookName = 'ln_final.hook_normalized';

function tokens(s: Scope, batch: number, seq: number): Tensor<'u32'> {
  const rng = makeRng('tokens');
  const ids = Uint32Array.from({ length: batch * seq }, () => rng.int(29));
  return s.upload('tokens', [batch, seq], 'u32', ids);
}
/** Values of the kept hooks and of all logits of one run. */
async function values(
  model: LanguageModel,
  input: Tensor<'u32'>,
  room: { batch: number; seq: number; keep: readonly HookName[]; grad?: boolean },
  options: RunOptions = {},
): Promise<Map<string, Float32Array>> {
  using ws = model.workspace(room);
  const rec = gpu.record('test');
  const run = model.forward(rec, ws, input, options);
  const ends = options.stopAt === undefined;
  const logits = ends ? model.logits(rec, run, { from: 0, count: run.batch * run.seq }) : undefined;
  await rec.submit();
  const out = new Map<string, Float32Array>();
  for (const hook of room.keep) out.set(hook, await gpu.readF32(run.get(hook)));
  if (logits) out.set('logits', await gpu.readF32(logits));
  return out;
}

test('buckets are 16, 32, 64, … and end at n_ctx', () => {
  expect([1, 16, 17, 100].map((seq) => bucketOf(seq, 128))).toEqual([16, 16, 32, 128]);
  expect(bucketOf(5, 11)).toBe(11);
  expect(bucketOf(20, 23)).toBe(23);
});

test('a row gives the same numbers, bit for bit, in every bucket and beside other rows', async () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  const keep = [Z0, 'blocks.1.attn.hook_pattern', LAST] as const;
  const one = tokens(s, 1, 5);
  const small = await values(model, one, { batch: 1, seq: 5, keep });
  const large = await values(model, one, { batch: 4, seq: 23, keep });
  for (const [name, x] of small) expect(large.get(name), name).toEqual(x);
  const ids = await gpu.readU32(one);
  const pair = s.upload('pair', [2, 5], 'u32', Uint32Array.from([...ids, 1, 2, 3, 4, 5]));
  const both = await values(model, pair, { batch: 2, seq: 5, keep });
  for (const [name, x] of small) expect(both.get(name)?.subarray(0, x.length), name).toEqual(x);
});

test('later tokens do not change earlier positions', async () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  const ids = await gpu.readU32(tokens(s, 1, 9));
  const short = await values(model, s.upload('a', [1, 6], 'u32', ids.slice(0, 6)), {
    batch: 1,
    seq: 9,
    keep: [LAST],
  });
  const long = await values(model, s.upload('b', [1, 9], 'u32', ids), { batch: 1, seq: 9, keep: [LAST] });
  const x = short.get(LAST) as Float32Array;
  expectClose((long.get(LAST) as Float32Array).subarray(0, x.length), x, { rel: 1e-6, abs: 0 }, LAST);
});

test.each([{}, { n_inner: 0 }])('keeping every hook changes no number (%j)', async (over) => {
  using model = tinyModel(gpu, over);
  using s = gpu.scope('test');
  const input = tokens(s, 2, 7);
  const bare = await values(model, input, { batch: 2, seq: 7, keep: [] });
  const keep = hookNames(model.config);
  const all = await values(model, input, { batch: 2, seq: 7, keep });
  const grad = await values(model, input, { batch: 2, seq: 7, keep, grad: true });
  expect(all.get('logits')).toEqual(bare.get('logits'));
  for (const [name, x] of all) expect(grad.get(name), name).toEqual(x);
  expect(keep.length).toBe(over.n_inner === 0 ? 23 : 33);
});

test('an edit that gives back what it got changes nothing, at any hook', async () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  const input = tokens(s, 1, 6);
  const clean = await values(model, input, { batch: 1, seq: 6, keep: [] });
  const seen: string[] = [];
  const edit = new Map(
    hookNames(model.config).map((hook): [HookName, HookEdit] => [
      hook,
      (_, act) => {
        seen.push(`${hook} ${act.shape}`);
        return act;
      },
    ]),
  );
  const edited = await values(model, input, { batch: 1, seq: 6, keep: [] }, { edit });
  expect(edited.get('logits')).toEqual(clean.get('logits'));
  expect(seen.length).toBe(hookNames(model.config).length);
  expect(seen).toContain('blocks.1.attn.hook_q 1,6,3,5');
  expect(seen).toContain('blocks.1.attn.hook_pattern 1,3,6,6');
  expect(seen).toContain('blocks.0.mlp.hook_pre 1,6,17');
});

test('an edit stands in for the activation downstream, and only there', async () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  const input = tokens(s, 1, 6);
  const keep = [Z0, 'blocks.0.hook_attn_out', 'blocks.0.hook_resid_pre', LAST] as const;
  const clean = await values(model, input, { batch: 1, seq: 6, keep });
  const zeros = s.zeros('zeros', [1, 6, 3, 5], 'f32');
  const ablated = await values(
    model,
    input,
    { batch: 1, seq: 6, keep },
    { edit: new Map([[Z0, () => zeros]]) },
  );
  const b_O = await gpu.readF32(model.weight('blocks.0.attn.b_O'));
  expect(ablated.get(Z0)).toEqual(new Float32Array(90));
  expect(ablated.get('blocks.0.hook_attn_out')).toEqual(
    Float32Array.from({ length: 90 }, (_, i) => b_O[i % 15] as number),
  );
  expect(ablated.get('blocks.0.hook_resid_pre')).toEqual(clean.get('blocks.0.hook_resid_pre'));
  expect(ablated.get(LAST)).not.toEqual(clean.get(LAST));
});

test('an edit at a residual hook is what both its names show', async () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  const input = tokens(s, 1, 4);
  const out = s.tensor('double', [1, 4, 15], 'f32');
  const double: HookEdit = (rec, act) => {
    scale(rec, { alpha: 2, x: act, out });
    return out;
  };
  const [post, pre] = ['blocks.0.hook_resid_post', 'blocks.1.hook_resid_pre'] as const;
  const room = { batch: 1, seq: 4, keep: [post, pre] };
  const a = await values(model, input, room, { edit: new Map([[post, double]]) });
  const b = await values(model, input, room, { edit: new Map([[pre, double]]) });
  expect(a.get('logits')).toEqual(b.get('logits'));
  expect(a.get(post)).toEqual(a.get(pre));
  expect(b.get(post)?.map((x) => 2 * x)).toEqual(b.get(pre));
});

test('stopAt ends the work at its hook', async () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  const input = tokens(s, 2, 5);
  const full = await values(model, input, { batch: 2, seq: 5, keep: [Z0] });
  using ws = model.workspace({ batch: 2, seq: 5, keep: [Z0] });
  const rec = gpu.record('stopped');
  const run = model.forward(rec, ws, input, { stopAt: Z0 });
  const calls = rec.length;
  await rec.submit();
  expect(await gpu.readF32(run.get(Z0))).toEqual(full.get(Z0));
  const whole = gpu.record('whole');
  model.forward(whole, ws, input);
  expect(calls).toBeLessThan(whole.length / 2);
  await whole.submit();
  expect(() => model.logits(gpu.record('x'), run, { from: 0, count: 1 })).toThrow('later run');
});

test('what was not kept, computed or asked for properly is refused by name', () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  using ws = model.workspace({ batch: 1, seq: 5 });
  const rec = gpu.record('test');
  const run = model.forward(rec, ws, tokens(s, 1, 5));
  expect(() => run.get(Z0)).toThrow('blocks.0.attn.hook_z was not kept');
  expect(() => model.workspace({ batch: 1, seq: 24 })).toThrow('n_ctx is 23');
  expect(() => model.workspace({ batch: 1, seq: 5, keep: ['blocks.7.attn.hook_z'] })).toThrow(
    'no hook blocks.7',
  );
  expect(() => model.forward(rec, ws, tokens(s, 2, 5))).toThrow('exceed the workspace [1,16]');
  expect(() => model.forward(rec, ws, tokens(s, 1, 5), { stopAt: 'blocks.2.hook_resid_pre' })).toThrow(
    'no hook',
  );
  const wrong = s.zeros('wrong', [1, 5, 15], 'f32');
  const edit = new Map([[Z0, () => wrong]]);
  expect(() => model.forward(rec, ws, tokens(s, 1, 5), { edit })).toThrow(
    'gave [1,5,15], expected [1,5,3,5]',
  );
});

test('logits of any rows are those of all rows', async () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  const input = tokens(s, 3, 7);
  const all = (await values(model, input, { batch: 3, seq: 7, keep: [] })).get('logits') as Float32Array;
  using ws = model.workspace({ batch: 3, seq: 7 });
  // Row 13 starts at byte 780, which no binding may; its rows are copied out first.
  for (const { from, count } of [
    { from: 13, count: 4 },
    { from: 20, count: 1 },
    { from: 0, count: 2 },
  ]) {
    const rec = gpu.record('rows');
    const run = model.forward(rec, ws, input);
    const logits = model.logits(rec, run, { from, count });
    await rec.submit();
    expect(logits.shape).toEqual([count, 29]);
    const expected = all.subarray(from * 29, (from + count) * 29);
    expectClose(await gpu.readF32(logits), expected, { rel: 1e-6, abs: 0 }, `rows ${from}`);
  }
  const run = model.forward(gpu.record('x'), ws, input);
  expect(() => model.logits(gpu.record('x'), run, { from: 20, count: 2 })).toThrow('rows 20 to 22 of 21');
});

test('a run allocates nothing after the first one of its workspace', async () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  using ws = model.workspace({ batch: 2, seq: 12, keep: [Z0] });
  const nats = s.tensor('nats', [2 * 12], 'f32');
  const go = async (input: Tensor<'u32'>, out: Tensor<'f32'>, targets: Tensor<'u32'>): Promise<void> => {
    const rec = gpu.record('test');
    model.crossEntropy(rec, model.forward(rec, ws, input), targets, out);
    await rec.submit();
  };
  const small = tokens(s, 1, 3);
  const large = tokens(s, 2, 12);
  await go(small, s.tensor('few', [3], 'f32'), s.upload('t', [3], 'u32', new Uint32Array(3)));
  const targets = s.upload('targets', [24], 'u32', new Uint32Array(24));
  const before = gpu.pool.liveBytes;
  await go(large, nats, targets);
  expect(gpu.pool.liveBytes).toBe(before);
});

test('the sum of embeddings is the first residual', async () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  const keep = ['hook_embed', 'hook_pos_embed', 'blocks.0.hook_resid_pre'] as const;
  const input = tokens(s, 2, 5);
  using ws = model.workspace({ batch: 2, seq: 5, keep });
  const rec = gpu.record('test');
  const run = model.forward(rec, ws, input, { stopAt: 'blocks.0.hook_resid_pre' });
  const sum = s.tensor('sum', [2, 5, 15], 'f32');
  add(rec, { a: run.get('hook_embed'), b: run.get('hook_pos_embed'), out: sum });
  await rec.submit();
  expect(await gpu.readF32(sum)).toEqual(await gpu.readF32(run.get('blocks.0.hook_resid_pre')));
});
