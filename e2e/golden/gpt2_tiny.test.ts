import { expect, test } from 'vitest';
import { repoFolder } from '#e2e/fixtures/fixtures.ts';
import { expectClose, readTensors } from '#e2e/fixtures/numbers.ts';
import { testGpu } from '#gpu/testing.ts';
import { familyById } from '#model/families/index.ts';
import type { HookName } from '#model/hooks.ts';
import { loadModel } from '#model/load.ts';
import type { LanguageModel } from '#model/model.ts';
import { take } from '#model/weights.ts';

// Numbers of transformers and transformer-lens in float64, stored as f32: see scripts/golden/gpt2_tiny.py.
const gpu = await testGpu();
const [BATCH, SEQ] = [2, 13] as const;
const ROWS = BATCH * SEQ;
/** f32 sums of at most 120 products a layer, two layers: some 1e-6 of the scale; gradients pass them twice. */
const FORWARD = { rel: 1e-5, abs: 1e-6 };
const GRADIENT = { rel: 3e-5, abs: 1e-7 };

const folderOf = (variant: string) => repoFolder(`e2e/golden/gpt2_tiny_${variant}`);
type Golden = Awaited<ReturnType<typeof readTensors>>;
const goldenHooks = (golden: Golden, prefix: string): HookName[] =>
  [...golden.keys()]
    .filter((k) => k.startsWith(`${prefix}blocks.`))
    .map((k) => k.slice(prefix.length) as HookName);
const tokensOf = (golden: Golden): Uint32Array<ArrayBuffer> =>
  Uint32Array.from(golden.get('tokens') as Float32Array);

/** Targets and weights of the mean over predicted tokens: the last position of each row predicts nothing. */
function meanLoss(tokens: Uint32Array): {
  targets: Uint32Array<ArrayBuffer>;
  weights: Float32Array<ArrayBuffer>;
} {
  const isLast = (i: number): boolean => i % SEQ === SEQ - 1;
  const targets = Uint32Array.from(tokens, (_, i) => (isLast(i) ? 0xffffffff : (tokens[i + 1] as number)));
  const weights = Float32Array.from(tokens, (_, i) => (isLast(i) ? 0 : 1 / (BATCH * (SEQ - 1))));
  return { targets, weights };
}
/** Numbers of the file's tensor that belong to one canonical weight. */
function hfValues(model: LanguageModel, golden: Golden, name: string): Float32Array {
  const rule = familyById('gpt2').weights(model.config).get(name);
  const values = golden.get(`d:transformer.${rule?.from}`) ?? golden.get(`d:${rule?.from}`);
  if (!rule || !values) throw new Error(`no golden gradient for ${name}`);
  return take(values as Float32Array<ArrayBuffer>, rule.fileShape, rule.take);
}

/** The pattern is 0 above the diagonal whatever is there; torch differentiates that part too, ours counts as 0. */
const belowDiagonal = (d_pattern: Float32Array): Float32Array =>
  d_pattern.map((x, i) => (i % SEQ <= Math.floor(i / SEQ) % SEQ ? x : 0));

test.each(['tied', 'untied'])(
  '%s: activations, logits and nats are those of transformers',
  async (variant) => {
    using model = await loadModel(gpu, folderOf(variant));
    const golden = await readTensors(folderOf(variant), 'golden.safetensors');
    const keep = goldenHooks(golden, '');
    using ws = model.workspace({ batch: BATCH, seq: SEQ, keep });
    using s = gpu.scope('test');
    const tokens = tokensOf(golden);
    const t = s.upload('tokens', [BATCH, SEQ], 'u32', tokens);
    const targets = s.upload('targets', [ROWS], 'u32', meanLoss(tokens).targets);
    const nats = s.tensor('nats', [ROWS], 'f32');
    const rec = gpu.record('forward');
    const run = model.forward(rec, ws, t);
    model.crossEntropy(rec, run, targets, nats);
    const logits = model.logits(rec, run, { from: 0, count: ROWS });
    await rec.submit();
    for (const hook of keep)
      expectClose(await gpu.readF32(run.get(hook)), golden.get(hook) as Float32Array, FORWARD, hook);
    expectClose(await gpu.readF32(logits), golden.get('logits') as Float32Array, FORWARD, 'logits');
    const predicted = (await gpu.readF32(nats)).filter((_, i) => i % SEQ !== SEQ - 1);
    expectClose(predicted, golden.get('nats') as Float32Array, FORWARD, 'nats');
    const loss = predicted.reduce((a, b) => a + b, 0) / predicted.length;
    expectClose([loss], golden.get('loss') as Float32Array, { rel: 1e-6, abs: 0 }, 'loss');
  },
);

test.each(['tied', 'untied'])('%s: gradients of the loss are those of torch.autograd', async (variant) => {
  using model = await loadModel(gpu, folderOf(variant));
  const golden = await readTensors(folderOf(variant), 'golden.safetensors');
  const keep = goldenHooks(golden, 'd:');
  using ws = model.workspace({ batch: BATCH, seq: SEQ, keep, grad: true, paramGrads: true });
  using s = gpu.scope('test');
  const tokens = tokensOf(golden);
  const mean = meanLoss(tokens);
  const rec = gpu.record('backward');
  const run = model.forward(rec, ws, s.upload('tokens', [BATCH, SEQ], 'u32', tokens));
  const targets = s.upload('targets', [ROWS], 'u32', mean.targets);
  const weights = s.upload('weights', [ROWS], 'f32', mean.weights);
  const grads = model.backward(rec, run, { kind: 'ce', targets, weights });
  await rec.submit();
  expect(keep.length).toBe(6);
  for (const hook of keep) {
    const expected = golden.get(`d:${hook}`) as Float32Array;
    const causal = hook.endsWith('hook_pattern') ? belowDiagonal(expected) : expected;
    expectClose(await gpu.readF32(grads.at(hook)), causal, GRADIENT, hook);
  }
  for (const name of model.weightNames)
    expectClose(await gpu.readF32(grads.param(name)), hfValues(model, golden, name), GRADIENT, `d ${name}`);
});

test.each(['tied', 'untied'])(
  '%s: the gradient of one logit at hook_z is that of transformer-lens',
  async (variant) => {
    using model = await loadModel(gpu, folderOf(variant));
    const golden = await readTensors(folderOf(variant), 'golden.safetensors');
    const keep: HookName[] = ['blocks.0.attn.hook_z', 'blocks.1.attn.hook_z'];
    using ws = model.workspace({ batch: BATCH, seq: SEQ, keep, grad: true });
    using s = gpu.scope('test');
    const rec = gpu.record('backward');
    const run = model.forward(rec, ws, s.upload('tokens', [BATCH, SEQ], 'u32', tokensOf(golden)));
    const grads = model.backward(rec, run, { kind: 'logit', id: 11, row: SEQ + 7 });
    await rec.submit();
    for (const hook of keep)
      expectClose(
        await gpu.readF32(grads.at(hook)),
        golden.get(`d_logit:${hook}`) as Float32Array,
        GRADIENT,
        hook,
      );
  },
);
