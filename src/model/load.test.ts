import { expect, test } from 'vitest';
import { WorkbenchError } from '#base/errors.ts';
import { tinyConfig, tinyFolder, tinyJson, tinyWeights } from '#e2e/fixtures/models.ts';
import { testGpu } from '#gpu/testing.ts';
import { openSafetensors, writeSafetensors } from '#io/safetensors.ts';
import { droppedFiles, type FolderSource, readWhole } from '#io/sources.ts';
import { loadModel, modelFromWeights, readModel } from './load.ts';

const gpu = await testGpu();
const floats = (count: number, value: number): Float32Array => new Float32Array(count).fill(value);

async function errorOf(folder: FolderSource): Promise<WorkbenchError> {
  try {
    using _ = await loadModel(gpu, folder);
  } catch (error) {
    if (error instanceof WorkbenchError) return error;
    throw error;
  }
  throw new Error('the folder was accepted');
}

test.each(['', 'transformer.'])('names are found with the prefix %j', async (prefix) => {
  using model = await loadModel(gpu, tinyFolder({ prefix }));
  expect(model.config.d_model).toBe(15);
  expect(model.weight('W_U_T')).toBe(model.weight('W_E'));
  expect(model.weightNames).not.toContain('W_U_T');
  expect(() => model.weight('W_nothing')).toThrow('no weight W_nothing');
});

test('Q, K and V are the columns of c_attn', async () => {
  const data = Float32Array.from({ length: 15 * 45 }, (_, i) => i);
  using model = await loadModel(
    gpu,
    tinyFolder({ tensors: { 'h.1.attn.c_attn.weight': { shape: [15, 45], data } } }),
  );
  const W_K = await gpu.readF32(model.weight('blocks.1.attn.W_K'));
  expect(W_K[0]).toBe(15);
  expect(W_K[15]).toBe(45 + 15);
  expect(W_K.length).toBe(15 * 15);
});

test('F16 and BF16 become f32', async () => {
  const half = new Uint16Array(15).fill(0x3e00);
  const brain = new Uint16Array(15).fill(0x3fc0);
  const tensors = {
    'ln_f.bias': { shape: [15], data: half, dtype: 'F16' },
    'h.0.ln_1.bias': { shape: [15], data: brain, dtype: 'BF16' },
  } as const;
  using model = await loadModel(gpu, tinyFolder({ tensors }));
  expect(Array.from(await gpu.readF32(model.weight('ln_final.b')))).toEqual(Array(15).fill(1.5));
  expect(Array.from(await gpu.readF32(model.weight('blocks.0.ln1.b')))).toEqual(Array(15).fill(1.5));
});

test('progress ends at the bytes of all weights', async () => {
  const reading = readModel(gpu, tinyFolder());
  let last = { done: 0, total: 0 };
  for (;;) {
    const step = await reading.next();
    if (step.done) {
      step.value[Symbol.dispose]();
      break;
    }
    last = step.value;
  }
  const values = [...tinyWeights(tinyConfig()).values()].reduce((sum, w) => sum + w.length, 0);
  expect(last).toEqual({ done: 4 * values, total: 4 * values });
});

test('the id follows config and weights, not the order of work', async () => {
  using a = await loadModel(gpu, tinyFolder());
  using b = await loadModel(gpu, tinyFolder());
  using c = await loadModel(gpu, tinyFolder({ config: { layer_norm_epsilon: 1e-6 } }));
  using d = await loadModel(
    gpu,
    tinyFolder({ tensors: { 'ln_f.bias': { shape: [15], data: floats(15, 2) } } }),
  );
  expect(a.id).toMatch(/^[\w-]{22}$/);
  expect(b.id).toBe(a.id);
  expect(new Set([a.id, c.id, d.id]).size).toBe(3);
});

test.each([
  ['a missing tensor', { 'h.1.mlp.c_fc.bias': undefined }, 'h.1.mlp.c_fc.bias is missing'],
  [
    'a wrong shape',
    { 'wpe.weight': { shape: [15, 23], data: floats(345, 0) } },
    'wpe.weight has shape [15,23], expected [23,15] by config.json.',
  ],
  [
    'a wrong dtype',
    { 'ln_f.weight': { shape: [15], data: new Int32Array(15) } },
    'ln_f.weight has dtype I32, expected F32, F16 or BF16.',
  ],
  [
    'a tensor of NaN',
    { 'h.0.ln_2.bias': { shape: [15], data: floats(15, Number.NaN) } },
    'h.0.ln_2.bias holds NaN at element 0',
  ],
  [
    'an infinity',
    { 'h.0.ln_2.bias': { shape: [15], data: floats(15, Number.POSITIVE_INFINITY) } },
    'h.0.ln_2.bias holds Infinity',
  ],
])('%s is refused by name, and nothing stays on the GPU', async (_, tensors, message) => {
  const error = await errorOf(tinyFolder({ tensors }));
  expect(error.code).toBe('format');
  expect(error.message).toContain(message);
  expect(error.hint).toBeDefined();
});

test('sizes that the weights do not have are refused before anything is allocated', async () => {
  const before = gpu.pool.liveBytes;
  const small = tinyFolder();
  const folder: FolderSource = {
    ...small,
    async *read(name, options) {
      if (name !== 'config.json') return yield* small.read(name, options);
      return new Blob([JSON.stringify(tinyJson({ vocab_size: 1_000_000, n_embd: 15_000, n_layer: 200 }))]);
    },
  };
  const error = await errorOf(folder);
  expect(error.message).toContain('wte.weight has shape [29,15], expected [1000000,15000]');
  expect(gpu.pool.liveBytes).toBe(before);
});

test('a folder without config or weights says which file is missing', async () => {
  const config = { name: 'config.json', blob: new Blob([JSON.stringify(tinyJson())]) };
  expect((await errorOf(droppedFiles([], 'my folder'))).message).toBe('my folder: there is no config.json.');
  expect((await errorOf(droppedFiles([config]))).message).toContain('there is no model.safetensors.');
  const broken = { name: 'config.json', blob: new Blob(['{']) };
  expect((await errorOf(droppedFiles([broken]))).message).toContain('config.json is not a JSON object');
});

test('shards named by an index are read; a hostile index is refused', async () => {
  const whole = tinyFolder();
  const rules = tinyJson();
  const names = ['model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors'] as const;
  const parts: Record<string, Parameters<typeof writeSafetensors>[0][string]>[] = [{}, {}];
  const file = await openSafetensors((await readWhole(whole, 'model.safetensors')) as Blob, 'test');
  let at = 0;
  for (const info of file.tensors.values())
    (parts[at++ % 2] as Record<string, unknown>)[info.name] = {
      shape: info.shape,
      data: await file.f32(info.name),
    };
  const folder = (map: Record<string, string>): FolderSource =>
    droppedFiles([
      { name: 'config.json', blob: new Blob([JSON.stringify(rules)]) },
      { name: 'model.safetensors.index.json', blob: new Blob([JSON.stringify({ weight_map: map })]) },
      ...names.map((name, i) => ({ name, blob: new Blob([writeSafetensors(parts[i] ?? {})]) })),
    ]);
  using model = await loadModel(gpu, folder({ a: names[0], b: names[1] }));
  expect(model.config.n_layers).toBe(2);
  const error = await errorOf(folder({ a: '../secret.safetensors' }));
  expect(error.message).toContain('does not name 1 to 64 safetensors files');
});

test('a model from memory wants every weight in its size', () => {
  const config = tinyConfig();
  const weights = tinyWeights(config);
  weights.delete('W_pos');
  expect(() => modelFromWeights(gpu, config, weights)).toThrow('W_pos: expected [23,15], got no values');
});
