import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { tinyModel } from '#e2e/fixtures/models.ts';
import { testGpu } from '#gpu/testing.ts';
import { type GenerateOptions, generate, likeliest, sample } from './generate.ts';
import type { HookName } from './hooks.ts';
import type { LanguageModel } from './model.ts';

const gpu = await testGpu();

async function all(model: LanguageModel, options: GenerateOptions): Promise<readonly number[]> {
  const generating = generate(gpu, model, options);
  const yielded: number[] = [];
  for (;;) {
    const step = await generating.next();
    if (step.done) {
      expect(step.value).toEqual([...options.ids, ...yielded]);
      return step.value;
    }
    yielded.push(step.value);
  }
}

test('each new token is the likeliest after those before it', async () => {
  using model = tinyModel(gpu);
  const ids = await all(model, { ids: [0, 3, 5], tokens: 4 });
  expect(ids.length).toBe(7);
  for (let end = 3; end < 7; end++)
    expect(await all(model, { ids: ids.slice(0, end), tokens: 1 })).toEqual(ids.slice(0, end + 1));
});

test('equal seeds give equal samples, other seeds others', async () => {
  using model = tinyModel(gpu);
  const draw = (seed: number) => all(model, { ids: [1], tokens: 8, temperature: 1.5, rng: makeRng(seed) });
  expect(await draw(1)).toEqual(await draw(1));
  expect(await draw(1)).not.toEqual(await draw(2));
});

test('generation ends at n_ctx', async () => {
  using model = tinyModel(gpu);
  expect((await all(model, { ids: [1, 2], tokens: 1000 })).length).toBe(23);
  const full = Array<number>(23).fill(4);
  expect(await all(model, { ids: full, tokens: 3 })).toEqual(full);
});

test('an edit holds for every token of the continuation', async () => {
  using model = tinyModel(gpu);
  using s = gpu.scope('test');
  const hook: HookName = 'ln_final.hook_normalized';
  const W_U_T = await gpu.readF32(model.weight('W_U_T'));
  const norm = (id: number): number => Math.hypot(...W_U_T.subarray(id * 15, (id + 1) * 15));
  const target = Array.from({ length: 29 }, (_, id) => id).reduce((a, b) => (norm(b) > norm(a) ? b : a));
  // The row of the longest embedding at every position: its own logit is then the largest.
  const edit = new Map([
    [
      hook,
      (_: unknown, act: { shape: readonly number[] }) => {
        const rows = act.shape[1] as number;
        const row = W_U_T.subarray(target * 15, (target + 1) * 15);
        return s.upload(
          'row',
          act.shape,
          'f32',
          Float32Array.from({ length: rows * 15 }, (_x, i) => row[i % 15] as number),
        );
      },
    ],
  ]);
  expect(await all(model, { ids: [2, 9], tokens: 3, edit })).toEqual([2, 9, target, target, target]);
});

test('bad prompts and a cancelled call are refused', async () => {
  using model = tinyModel(gpu);
  await expect(all(model, { ids: [], tokens: 1 })).rejects.toThrow('0 ids; 1 to 23 below 29');
  await expect(all(model, { ids: [29], tokens: 1 })).rejects.toThrow('below 29');
  await expect(all(model, { ids: [1], tokens: 1, temperature: 1 })).rejects.toThrow('needs an rng');
  const signal = AbortSignal.abort();
  await expect(all(model, { ids: [1], tokens: 1, signal })).rejects.toThrow('cancelled');
});

test('a tie goes to the lower id, and samples follow the softmax', () => {
  expect(likeliest([1, 3, 3, 2])).toBe(1);
  const rng = makeRng('sample');
  const counts = [0, 0, 0];
  const logits = [Math.log(1), Math.log(2), Math.log(5)];
  for (let i = 0; i < 8000; i++) counts[sample(logits, 1, rng)]!++;
  // Standard errors of these counts are below 45.
  [1000, 2000, 5000].forEach((n, i) => {
    expect(Math.abs((counts[i] as number) - n)).toBeLessThan(180);
  });
  expect(sample([0, 1000], 0.5, rng)).toBe(1);
});
