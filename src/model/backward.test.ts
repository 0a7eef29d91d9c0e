import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { tinyConfig, tinyWeights } from '#e2e/fixtures/models.ts';
import { expectClose } from '#e2e/fixtures/numbers.ts';
import { add } from '#gpu/ops/elementwise.ts';
import type { Tensor } from '#gpu/tensor.ts';
import { testGpu } from '#gpu/testing.ts';
import type { ModelConfig } from './config.ts';
import { type HookName, hookNames } from './hooks.ts';
import { modelFromWeights } from './load.ts';
import type { GradSeed, HookEdit, LanguageModel, RunOptions } from './model.ts';

type Values = Float32Array<ArrayBuffer>;
const gpu = await testGpu();
const [BATCH, SEQ] = [2, 5] as const;
const ROWS = BATCH * SEQ;

const rng = makeRng('backward');
const draw = (count: number, label: string): Values => {
  const stream = rng.fork(label);
  return Float32Array.from({ length: count }, () => stream.normal());
};
const IDS = Uint32Array.from({ length: ROWS }, (_, i) => (i * i + 3 * i) % 29);
const TARGETS = Uint32Array.from({ length: ROWS }, (_, i) => (i === 3 ? 0xffffffff : (7 * i) % 29));
const WEIGHTS = Float32Array.from({ length: ROWS }, (_, i) => 0.05 + 0.02 * i);

/** Σ weights·nats in f64 of f32 nats. */
async function lossOf(model: LanguageModel, options: RunOptions = {}): Promise<number> {
  using ws = model.workspace({ batch: BATCH, seq: SEQ });
  using s = gpu.scope('loss');
  const rec = gpu.record('loss');
  const run = model.forward(rec, ws, s.upload('tokens', [BATCH, SEQ], 'u32', IDS), options);
  const nats = s.tensor('nats', [ROWS], 'f32');
  model.crossEntropy(rec, run, s.upload('targets', [ROWS], 'u32', TARGETS), nats);
  await rec.submit();
  return (await gpu.readF32(nats)).reduce((sum, x, i) => sum + x * (WEIGHTS[i] as number), 0);
}
interface Gradients {
  readonly hooks: ReadonlyMap<HookName, Values>;
  readonly params: ReadonlyMap<string, Values>;
  readonly nats: Values | undefined;
}
async function gradientsOf(
  model: LanguageModel,
  keep: readonly HookName[],
  options: RunOptions & { paramGrads?: boolean; seed?: GradSeed } = {},
): Promise<Gradients> {
  const { paramGrads = false, seed, ...run } = options;
  using ws = model.workspace({ batch: BATCH, seq: SEQ, keep, grad: true, paramGrads });
  using s = gpu.scope('grads');
  const rec = gpu.record('grads');
  const forward = model.forward(rec, ws, s.upload('tokens', [BATCH, SEQ], 'u32', IDS), run);
  const targets = s.upload('targets', [ROWS], 'u32', TARGETS);
  const weights = s.upload('weights', [ROWS], 'f32', WEIGHTS);
  const grads = model.backward(rec, forward, seed ?? { kind: 'ce', targets, weights });
  await rec.submit();
  const hooks = new Map<HookName, Values>();
  for (const hook of keep) hooks.set(hook, await gpu.readF32(grads.at(hook)));
  const params = new Map<string, Values>();
  if (paramGrads)
    for (const name of model.weightNames) params.set(name, await gpu.readF32(grads.param(name)));
  return { hooks, params, nats: grads.nats && (await gpu.readF32(grads.nats)) };
}
const dot = (a: Values, b: Values): number => a.reduce((sum, x, i) => sum + x * (b[i] as number), 0);

/**
 * A central difference with steps of 1e-2 of loss values good to 1e-7 is good to 1e-5 plus its own curvature error,
 * so 2e-3 of the slope catches every wrong term and no rounding.
 */
function expectSlope(measured: number, gradient: Values, direction: Values, what: string): void {
  const slope = dot(gradient, direction);
  const scale = Math.sqrt(dot(gradient, gradient));
  expect(Math.abs(measured - slope), `${what}: measured ${measured}, gradient says ${slope}`).toBeLessThan(
    2e-3 * scale + 3e-5,
  );
}
const STEP = 1e-2;
/** Half along the gradient, half at random: of unit length, steep, and off wherever the gradient is. */
function direction(gradient: Values, label: string): Values {
  const random = draw(gradient.length, label);
  const [a, b] = [Math.sqrt(dot(gradient, gradient)) || 1, Math.sqrt(dot(random, random))];
  const sum = random.map((x, i) => x / b + (gradient[i] as number) / a);
  const length = Math.sqrt(dot(sum, sum));
  return sum.map((x) => x / length);
}

const CONFIGS: readonly (readonly [string, ModelConfig])[] = [
  ['tied, gelu_new', tinyConfig()],
  ['untied, silu', tinyConfig({ tie_word_embeddings: false, activation_function: 'silu' })],
  ['tanh, unscaled scores', tinyConfig({ activation_function: 'tanh', scale_attn_weights: false })],
  ['attention only', tinyConfig({ n_inner: 0 })],
  ['quick_gelu, 1 layer', tinyConfig({ activation_function: 'quick_gelu', n_layer: 1 })],
  ['no norm, no MLP, biased unembedding', hookedConfig()],
];
function hookedConfig(): ModelConfig {
  return {
    ...tinyConfig({ n_inner: 0, tie_word_embeddings: false }),
    family: 'hooked_transformer',
    norm: { kind: 'none', eps: 1e-5 },
    unembedBias: true,
  };
}

test.each(CONFIGS)('%s: the slope along every parameter is its gradient', async (_, config) => {
  const weights = tinyWeights(config);
  using model = modelFromWeights(gpu, config, weights);
  const { params } = await gradientsOf(model, [], { paramGrads: true });
  expect([...params.keys()]).toEqual(model.weightNames);
  for (const [name, gradient] of params) {
    const value = weights.get(name) as Values;
    const u = direction(gradient, name);
    const at = async (step: number): Promise<number> => {
      gpu.write(
        model.weight(name),
        value.map((x, i) => x + step * (u[i] as number)),
      );
      return lossOf(model);
    };
    const measured = ((await at(STEP)) - (await at(-STEP))) / (2 * STEP);
    gpu.write(model.weight(name), value);
    expectSlope(measured, gradient, u, name);
  }
});

test.each([CONFIGS[0] as (typeof CONFIGS)[number], CONFIGS[5] as (typeof CONFIGS)[number]])(
  '%s: the slope along every hook is its gradient',
  async (_, config) => {
    using model = modelFromWeights(gpu, config, tinyWeights(config));
    const keep = hookNames(config);
    const { hooks } = await gradientsOf(model, keep);
    for (const hook of keep) {
      // Masked scores and patterns take no part in the loss, and moving them would.
      const isSquare = hook.endsWith('hook_pattern') || hook.endsWith('hook_attn_scores');
      const gradient = hooks.get(hook) as Values;
      const raw = direction(gradient, hook);
      const u = isSquare ? raw.map((x, i) => (i % SEQ <= Math.floor(i / SEQ) % SEQ ? x : 0)) : raw;
      const at = (step: number): Promise<number> =>
        lossWithPush(
          model,
          hook,
          u.map((x) => step * x),
        );
      expectSlope(((await at(STEP)) - (await at(-STEP))) / (2 * STEP), gradient, u, hook);
    }
  },
);

async function lossWithPush(model: LanguageModel, hook: HookName, push: Values): Promise<number> {
  using s = gpu.scope('push');
  const edit: HookEdit = (rec, act) => {
    const out = s.tensor('out', act.shape, 'f32');
    add(rec, { a: act, b: s.upload('push', act.shape, 'f32', push), out });
    return out;
  };
  return lossOf(model, { edit: new Map([[hook, edit]]) });
}

test('keeping fewer hooks, or parameters besides, changes no gradient', async () => {
  const config = tinyConfig();
  using model = modelFromWeights(gpu, config, tinyWeights(config));
  const all = await gradientsOf(model, hookNames(config), { paramGrads: true });
  for (const hook of [
    'blocks.1.attn.hook_z',
    'blocks.0.hook_resid_pre',
    'blocks.0.hook_resid_post',
  ] as const) {
    const one = await gradientsOf(model, [hook]);
    expect(one.hooks.get(hook), hook).toEqual(all.hooks.get(hook));
  }
  const bare = await gradientsOf(model, [], { paramGrads: true });
  expect(bare.params).toEqual(all.params);
});

test('nats come along with the gradient of the cross-entropy', async () => {
  const config = tinyConfig();
  using model = modelFromWeights(gpu, config, tinyWeights(config));
  const { nats } = await gradientsOf(model, ['blocks.1.attn.hook_z']);
  const loss = (nats as Values).reduce((sum, x, i) => sum + x * (WEIGHTS[i] as number), 0);
  expect(loss).toBeCloseTo(await lossOf(model), 9);
  expect((nats as Values)[3]).toBe(0);
});

test('nothing flows through an edit: it counts as a constant', async () => {
  const config = tinyConfig();
  using model = modelFromWeights(gpu, config, tinyWeights(config));
  using s = gpu.scope('test');
  const z1: HookName = 'blocks.1.attn.hook_z';
  const stand = s.upload('stand', [BATCH, SEQ, 3, 5], 'f32', draw(ROWS * 15, 'stand'));
  const keep: HookName[] = [z1, 'blocks.1.attn.hook_v', 'blocks.1.attn.hook_q', 'blocks.0.attn.hook_z'];
  const edit = new Map([[z1, (): Tensor<'f32'> => stand]]);
  const { hooks } = await gradientsOf(model, keep, { edit });
  expect(Math.max(...(hooks.get(z1) as Values).map(Math.abs))).toBeGreaterThan(1e-4);
  for (const hook of keep.slice(1, 3)) expect(hooks.get(hook), hook).toEqual(new Float32Array(ROWS * 15));
  // The stream around the edited head still reaches layer 0.
  expect(Math.max(...(hooks.get('blocks.0.attn.hook_z') as Values).map(Math.abs))).toBeGreaterThan(1e-4);
  const resid: HookName = 'blocks.1.hook_resid_pre';
  const whole = s.upload('whole', [BATCH, SEQ, 15], 'f32', draw(ROWS * 15, 'whole'));
  const cut = await gradientsOf(model, ['blocks.0.attn.hook_z', 'blocks.0.hook_resid_post', resid], {
    edit: new Map([[resid, (): Tensor<'f32'> => whole]]),
  });
  expect(cut.hooks.get('blocks.0.attn.hook_z')).toEqual(new Float32Array(ROWS * 15));
  expect(cut.hooks.get('blocks.0.hook_resid_post')).toEqual(new Float32Array(ROWS * 15));
  expect(Math.max(...(cut.hooks.get(resid) as Values).map(Math.abs))).toBeGreaterThan(1e-4);
});

test('the gradient of a logit is the row of W_U_T behind the last norm, and its parameters follow', async () => {
  const config = tinyConfig({ tie_word_embeddings: false });
  using model = modelFromWeights(gpu, config, tinyWeights(config));
  const last: HookName = 'ln_final.hook_normalized';
  const { hooks, params, nats } = await gradientsOf(model, [last], {
    paramGrads: true,
    seed: { kind: 'logit', id: 11, row: 7 },
  });
  const W_U_T = await gpu.readF32(model.weight('W_U_T'));
  const expected = new Float32Array(ROWS * 15);
  expected.set(W_U_T.subarray(11 * 15, 12 * 15), 7 * 15);
  expect(hooks.get(last)).toEqual(expected);
  const d_W_U_T = params.get('W_U_T') as Values;
  expect(d_W_U_T.findIndex((x) => x !== 0)).toBe(11 * 15);
  expect(nats).toBeUndefined();
});

test('a vocabulary that needs several chunks of rows gives the same gradients', async () => {
  // As on a device that holds 64 rows of logits at once; 5 rows of 23 tokens are 115.
  const config = tinyConfig();
  const ids = Uint32Array.from({ length: 115 }, (_, i) => (i * 11) % 29);
  const weights = new Float32Array(115).fill(1 / 115);
  const gradient = async (chunked: boolean): Promise<Values[]> => {
    using model = modelFromWeights(gpu, config, tinyWeights(config));
    if (chunked) Object.assign(model, { logitsChunk: 64 });
    using ws = model.workspace({ batch: 5, seq: 23, grad: true, paramGrads: true });
    using s = gpu.scope('test');
    const rec = gpu.record('test');
    const run = model.forward(rec, ws, s.upload('ids', [5, 23], 'u32', ids));
    const targets = s.upload(
      'targets',
      [115],
      'u32',
      ids.map((x) => (x + 1) % 29),
    );
    const seed = { kind: 'ce', targets, weights: s.upload('weights', [115], 'f32', weights) } as const;
    const grads = model.backward(rec, run, seed);
    await rec.submit();
    return [await gpu.readF32(grads.param('W_E')), await gpu.readF32(grads.param('blocks.0.attn.W_Q'))];
  };
  const [whole, parts] = [await gradient(false), await gradient(true)];
  // The unembedding's gradient is summed in another order.
  parts.forEach((x, i) => {
    expectClose(x, whole[i] as Values, { rel: 2e-6, abs: 0 }, `gradient ${i}`);
  });
});

test('backward says what it needs', () => {
  const config = tinyConfig();
  using model = modelFromWeights(gpu, config, tinyWeights(config));
  using s = gpu.scope('test');
  const input = s.upload('tokens', [BATCH, SEQ], 'u32', IDS);
  const rec = gpu.record('test');
  using plain = model.workspace({ batch: BATCH, seq: SEQ });
  const seed = { kind: 'logit', id: 0, row: 0 } as const;
  expect(() => model.backward(rec, model.forward(rec, plain, input), seed)).toThrow(
    'the workspace has no grad',
  );
  using ws = model.workspace({ batch: BATCH, seq: SEQ, grad: true, keep: ['blocks.0.attn.hook_z'] });
  const run = model.forward(rec, ws, input);
  expect(() => model.backward(rec, run, { kind: 'logit', id: 29, row: 0 })).toThrow('no logit 29');
  const grads = model.backward(rec, run, seed);
  expect(() => grads.at('blocks.1.attn.hook_z')).toThrow('no gradient at blocks.1.attn.hook_z');
  expect(() => grads.param('W_E')).toThrow('ask for paramGrads');
});
