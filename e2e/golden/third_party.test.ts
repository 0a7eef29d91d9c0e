import { expect, test } from 'vitest';
import { fixtureFolder, fixtureNote, fixtureUrl, hasFixtures } from '#e2e/fixtures/fixtures.ts';
import { expectClose, readTensors } from '#e2e/fixtures/numbers.ts';
import { testGpu } from '#gpu/testing.ts';
import { droppedFiles, type FolderSource, readWhole } from '#io/sources.ts';
import { generate } from '#model/generate.ts';
import type { HookName } from '#model/hooks.ts';
import { loadModel } from '#model/load.ts';
import type { LanguageModel, Run } from '#model/model.ts';

// Real small models and numbers that nobody in this project made: shared/fixtures/README.md names their sources.
const gpu = await testGpu();
const fixtureTest = (name: string, body: () => Promise<void>): void => {
  test.skipIf(!hasFixtures)(name + fixtureNote, body);
};
const text = async (path: string): Promise<string> => (await fetch(fixtureUrl(path))).text();
const json = async (path: string): Promise<unknown> => (await fetch(fixtureUrl(path))).json();

/** Runs rows of one length and hands the recorded run to `read` before the workspace goes. */
async function withRun(
  model: LanguageModel,
  rows: readonly (readonly number[])[],
  keep: readonly HookName[],
  read: (run: Run, logits: Float32Array) => Promise<void>,
): Promise<void> {
  const [batch, seq] = [rows.length, rows[0]?.length ?? 0];
  using ws = model.workspace({ batch, seq, keep });
  using s = gpu.scope('test');
  const rec = gpu.record('test');
  const run = model.forward(rec, ws, s.upload('tokens', [batch, seq], 'u32', Uint32Array.from(rows.flat())));
  const logits = model.logits(rec, run, { from: 0, count: batch * seq });
  await rec.submit();
  await read(run, await gpu.readF32(logits));
}
/** −log softmax(logits[row])[target], in f64. */
function nats(logits: Float32Array, d_vocab: number, row: number, target: number): number {
  const x = Array.from(logits.subarray(row * d_vocab, (row + 1) * d_vocab));
  const top = Math.max(...x);
  return Math.log(x.reduce((sum, v) => sum + Math.exp(v - top), 0)) + top - (x[target] as number);
}
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

fixtureTest(
  'llm-viz-sort: every activation of block 0, the residuals and the logits match PyTorch',
  async () => {
    using model = await loadModel(gpu, fixtureFolder('llm-viz-sort/hf'));
    const reference = await readTensors(fixtureFolder('llm-viz-sort'), 'reference_partials.safetensors');
    const hooks: Readonly<Record<string, HookName>> = {
      tok_emb: 'hook_embed',
      x: 'blocks.0.hook_resid_pre',
      ln1: 'blocks.0.ln1.hook_normalized',
      attSm: 'blocks.0.attn.hook_pattern',
      y: 'blocks.0.attn.hook_z',
      yProj: 'blocks.0.hook_attn_out',
      attnResid: 'blocks.0.hook_resid_mid',
      ln2: 'blocks.0.ln2.hook_normalized',
      fc: 'blocks.0.mlp.hook_pre',
      gelu: 'blocks.0.mlp.hook_post',
      mlp: 'blocks.0.hook_mlp_out',
      block0: 'blocks.0.hook_resid_post',
      block1: 'blocks.1.hook_resid_post',
      block2: 'blocks.2.hook_resid_post',
      ln_f: 'ln_final.hook_normalized',
    };
    const qkv = ['q', 'k', 'v'] as const;
    const keep = [...Object.values(hooks), ...qkv.map((p): HookName => `blocks.0.attn.hook_${p}`)];
    const ids = Array.from(reference.get('idx') as Float32Array);
    await withRun(model, [ids.slice(0, 11), ids.slice(11, 22), ids.slice(22)], keep, async (run, logits) => {
      // The reference is f32 itself; 2e-6 is what a f64 engine leaves against it, on activations of up to 10.
      const tolerance = { rel: 2e-6, abs: 4e-6 };
      for (const [name, hook] of Object.entries(hooks))
        expectClose(await gpu.readF32(run.get(hook)), reference.get(name) as Float32Array, tolerance, hook);
      for (const p of qkv) {
        const ours = headsFirst(await gpu.readF32(run.get(`blocks.0.attn.hook_${p}`)), [3, 11, 3, 16]);
        expectClose(ours, reference.get(p) as Float32Array, tolerance, p);
      }
      expectClose(logits, reference.get('lm_head') as Float32Array, tolerance, 'logits');
    });
  },
);

/** [batch, seq, head, d] to [batch, head, seq, d]. */
function headsFirst(x: Float32Array, [batch, seq, heads, d]: [number, number, number, number]): Float32Array {
  const out = new Float32Array(x.length);
  for (let b = 0; b < batch; b++)
    for (let t = 0; t < seq; t++)
      for (let h = 0; h < heads; h++) {
        const from = ((b * seq + t) * heads + h) * d;
        out.set(x.subarray(from, from + d), ((b * heads + h) * seq + t) * d);
      }
  return out;
}

fixtureTest('slm4096: the loss over its corpus is 0.069774', async () => {
  using model = await loadModel(gpu, fixtureFolder('slm4096/hf'));
  const vocab = (await json('slm4096/hf/char_vocab.json')) as Record<string, number>;
  const ids = Array.from(await text('slm4096/corpus.txt'), (c) => vocab[c] as number);
  const losses: number[] = [];
  // 31 blocks of 128, each predicting the 128 characters after its first.
  for (let block = 0; block < 31; block++) {
    const row = ids.slice(block * 128, (block + 1) * 128);
    await withRun(model, [row], [], async (_, logits) => {
      for (let t = 0; t < 128; t++) losses.push(nats(logits, 54, t, ids[block * 128 + t + 1] as number));
    });
  }
  // Decision 26: the tanh form of GELU is off by 6e-6, so 2e-6 tells the two apart.
  expect(Math.abs(mean(losses) - 0.0697743)).toBeLessThan(2e-6);
});

fixtureTest('makemore-induction: accuracy, loss and induction attention on repeated letters', async () => {
  using model = await loadModel(gpu, fixtureFolder('makemore-induction/hf'));
  const vocab = (await json('makemore-induction/hf/char_vocab.json')) as Record<string, number>;
  const lines = (await text('makemore-induction/induction.txt')).split('\n').slice(0, 200);
  const rows = lines.map((line) => [0, ...Array.from(line, (c) => vocab[c] as number)]);
  const scores = { correct: [] as number[], nats: [] as number[], induction: [] as number[] };
  for (let from = 0; from < rows.length; from += 50) {
    const batch = rows.slice(from, from + 50);
    await withRun(model, batch, ['blocks.1.attn.hook_pattern'], async (run, logits) => {
      const pattern = await gpu.readF32(run.get('blocks.1.attn.hook_pattern'));
      batch.forEach((row, b) => {
        scoreRow(
          row,
          { logits: logits.subarray(b * 32 * 27), pattern: pattern.subarray(b * 32 * 32) },
          scores,
        );
      });
    });
  }
  // Facts of golden_numpy.json, to the digits given there.
  expect(mean(scores.correct)).toBeCloseTo(0.99958, 5);
  expect(mean(scores.nats)).toBeCloseTo(0.004512, 5);
  expect(mean(scores.induction)).toBeCloseTo(0.97484, 4);
});

/** Positions whose letter came before in the row: is the next one predicted, and do they look at what followed then? */
function scoreRow(
  row: readonly number[],
  out: { logits: Float32Array; pattern: Float32Array },
  scores: { correct: number[]; nats: number[]; induction: number[] },
): void {
  for (let t = 1; t < 31; t++) {
    const earlier = row.flatMap((id, j) => (j > 0 && j < t && id === row[t] ? [j + 1] : []));
    if (earlier.length === 0) continue;
    const logits = Array.from(out.logits.subarray(t * 27, (t + 1) * 27));
    scores.correct.push(logits.indexOf(Math.max(...logits)) === row[t + 1] ? 1 : 0);
    scores.nats.push(nats(out.logits, 27, t, row[t + 1] as number));
    scores.induction.push(earlier.reduce((sum, s) => sum + (out.pattern[t * 32 + s] as number), 0));
  }
}

fixtureTest('tiny-random-gpt2: greedy continuations are those of onnxruntime-genai', async () => {
  using model = await loadModel(gpu, fixtureFolder('tiny-random-gpt2'));
  const golden = (await json('tiny-random-gpt2/golden_greedy.json')) as {
    cases: { input: number[]; greedy_full: number[] }[];
  };
  expect(golden.cases.length).toBe(2);
  for (const { input, greedy_full } of golden.cases) {
    const generating = generate(gpu, model, { ids: input, tokens: greedy_full.length - input.length });
    let step = await generating.next();
    while (!step.done) step = await generating.next();
    expect(step.value).toEqual(greedy_full);
  }
});

/** The fixture's config.json has no model_type; everything else is TransformerLens's own. */
async function attnOnlyFolder(): Promise<FolderSource> {
  const folder = fixtureFolder('attn-only-2l');
  const config = (await json('attn-only-2l/config.json')) as Record<string, unknown>;
  const blob = await readWhole(folder, 'model.safetensors');
  return droppedFiles([
    {
      name: 'config.json',
      blob: new Blob([JSON.stringify({ ...config, model_type: 'hooked_transformer' })]),
    },
    { name: 'model.safetensors', blob: blob as Blob },
  ]);
}

fixtureTest('attn-only-2l: logits, patterns and z of a model without LayerNorm and MLP', async () => {
  using model = await loadModel(gpu, await attnOnlyFolder());
  const golden = (await json('attn-only-2l/golden_numpy.json')) as {
    cases: { ids: number[]; logits: number[][]; patterns: number[][][]; hook_z: number[][][] }[];
  };
  const layers = [0, 1] as const;
  const keep = layers.flatMap((l): HookName[] => [
    `blocks.${l}.attn.hook_pattern`,
    `blocks.${l}.attn.hook_z`,
  ]);
  for (const c of golden.cases)
    await withRun(model, [c.ids], keep, async (run, logits) => {
      // Values of the file have six decimals; logits reach 100, where f32 sums leave some 1e-4.
      const tolerance = { rel: 2e-6, abs: 2e-6 };
      expectClose(logits, c.logits.flat(), tolerance, 'logits');
      for (const l of layers) {
        const pattern = await gpu.readF32(run.get(`blocks.${l}.attn.hook_pattern`));
        expectClose(pattern, (c.patterns[l] as number[][]).flat(), tolerance, `pattern ${l}`);
        const z = await gpu.readF32(run.get(`blocks.${l}.attn.hook_z`));
        expectClose(z, (c.hook_z[l] as number[][]).flat(), tolerance, `z ${l}`);
      }
    });
});
