import { expect, test } from 'vitest';
import { testGpu } from '#gpu/testing.ts';
import { writeSafetensors } from '#io/safetensors.ts';
import { droppedFiles } from '#io/sources.ts';
import { familyById } from './families/index.ts';
import { initWeights } from './init.ts';
import { loadModel } from './load.ts';
import { checkpointTensors, weightShapes } from './save.ts';

const SIZES = { n_layer: 2, n_embd: 12, n_head: 3, n_positions: 9, vocab_size: 17 };

const gpu = await testGpu();

/** The checkpoint that a run would start from, loaded and read back as canonical weights. */
async function read() {
  const tensors = initWeights('save', SIZES);
  const config = { model_type: 'gpt2', activation_function: 'gelu_new', ...SIZES };
  using model = await loadModel(
    gpu,
    droppedFiles([
      { name: 'config.json', blob: new Blob([JSON.stringify(config)]) },
      {
        name: 'model.safetensors',
        blob: new Blob([writeSafetensors(Object.fromEntries(tensors.map((t) => [t.name, t])))]),
      },
    ]),
  );
  const weights = new Map<string, Float32Array<ArrayBuffer>>();
  for (const name of familyById(model.config.family).weights(model.config).keys())
    weights.set(name, await gpu.readF32(model.weight(name)));
  return { tensors, config: model.config, weights };
}

test('what was read is written back in the names, shapes and values of the file', async () => {
  const { tensors, config, weights } = await read();
  const written = checkpointTensors(config, weights);
  // Files name the transformer's tensors with or without this prefix, and we write them without.
  const bare = tensors.map((t) => ({ ...t, name: t.name.replace(/^transformer\./, '') }));
  expect(Object.keys(written).sort()).toEqual(bare.map((t) => t.name).sort());
  for (const { name, shape, data } of bare) {
    expect(written[name]?.shape, name).toEqual(shape);
    expect(written[name]?.data, name).toEqual(data);
  }
});

test('the shapes of all weights add up to the parameters', async () => {
  const { tensors, config } = await read();
  const count = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const parameters = tensors.reduce((sum, t) => sum + count(t.shape), 0);
  expect(weightShapes(config).reduce((sum, s) => sum + count(s), 0)).toBe(parameters);
});

test('a weight that is missing is named', async () => {
  const { config, weights } = await read();
  const [first = ''] = weights.keys();
  const without = new Map([...weights].filter(([name]) => name !== first));
  expect(() => checkpointTensors(config, without)).toThrow(first);
});
