import { expect, test } from 'vitest';
import { TINY, tinyModel, tinyWindows } from '#e2e/fixtures/tiny_model.ts';
import { tinySae } from '#e2e/fixtures/tiny_sae.ts';
import { dfaCellsRef } from '#e2e/reference/analysis.ts';
import { expectClose, normals, runOp } from '#gpu/ops/checks.ts';
import { testGpu } from '#gpu/testing.ts';
import type { HookName } from '#model/hooks.ts';
import { encodeRows } from '#sae/inference.ts';
import { attribute, dfaCells } from './dfa.ts';
import { rowsOfRun } from './site.ts';

const gpu = await testGpu();

test('cells agree with plain loops, with shared key/value heads and odd sizes', async () => {
  for (const { seq, n_heads, n_kv, d_head, feature, dest } of [
    { seq: 7, n_heads: 4, n_kv: 2, d_head: 3, feature: 2, dest: 4 },
    { seq: 1, n_heads: 1, n_kv: 1, d_head: 1, feature: 0, dest: 0 },
    { seq: 65, n_heads: 3, n_kv: 3, d_head: 17, feature: 4, dest: 64 },
    { seq: 33, n_heads: 6, n_kv: 1, d_head: 5, feature: 1, dest: 31 },
  ]) {
    const pattern = normals('pattern', n_heads * seq * seq);
    const v = normals('v', seq * n_kv * d_head);
    const b_V = normals('b_V', n_kv * d_head);
    const W_enc = normals('W_enc', 5 * n_heads * d_head);
    const got = await runOp(gpu, (rec, s) => {
      const cells = s.tensor('cells', [n_heads, seq], 'f32');
      dfaCells(rec, {
        pattern: s.upload('pattern', [n_heads, seq, seq], 'f32', pattern),
        v: s.upload('v', [seq, n_kv, d_head], 'f32', v),
        b_V: s.upload('b_V', [n_kv, d_head], 'f32', b_V),
        W_enc: s.upload('W_enc', [5, n_heads * d_head], 'f32', W_enc),
        cells,
        feature,
        dest,
      });
      return cells;
    });
    const w = W_enc.subarray(feature * n_heads * d_head, (feature + 1) * n_heads * d_head);
    const want = dfaCellsRef({ pattern, v, b_V, w }, { seq, n_heads, n_kv, d_head, dest });
    expectClose(got, want, { rel: 1e-5, abs: 1e-5 }); // f32 sums of at most 17 products of normals
  }
});

const BARE = { family: 'hooked_transformer', norm: { kind: 'none', eps: 1e-5 }, d_mlp: 0 } as const;
for (const over of [{}, BARE])
  test(`${over === BARE ? 'attention only, no norm' : 'gpt2'}: cells and bias add up to the pre-act of every active feature`, async () => {
    const seq = 9;
    using model = tinyModel(gpu, 'dfa', over).model;
    for (const layer of [0, 1]) {
      const site: HookName = `blocks.${layer}.attn.hook_z`;
      using sae = tinySae(gpu, 'dfa', { site }).sae;
      const ids = [...tinyWindows(1, seq)];
      using s = gpu.scope('test');
      using ws = model.workspace({ batch: 1, seq, keep: [site] });
      const rec = gpu.record('test');
      const tokens = s.upload('tokens', [1, seq], 'u32', Uint32Array.from(ids));
      const run = model.forward(rec, ws, tokens, { stopAt: site });
      await rec.submit();
      const code = await encodeRows(gpu, sae, rowsOfRun(run, site));
      expect(code.idx.length).toBeGreaterThan(10);
      for (let dest = 0; dest < seq; dest++)
        for (let e = code.rowStart[dest] as number; e < (code.rowStart[dest + 1] as number); e++) {
          const feature = code.idx[e] as number;
          const dfa = await attribute(gpu, model, sae, { ids, feature, dest });
          const cells = dfa.byHeadAndSource.data;
          const size = cells.reduce((sum, c) => sum + Math.abs(c), 0);
          expect(dfa.byHeadAndSource.shape).toEqual([TINY.n_heads, seq]);
          expect(Math.abs(dfa.residual)).toBeLessThanOrEqual(1e-5 * size + 1e-6);
          expect(dfa.act).toBeCloseTo(code.val[e] as number, 5);
          expect(dfa.preAct).toBe(dfa.act);
          for (let k = 0; k < TINY.n_heads; k++)
            expect(cells.subarray(k * seq + dest + 1, (k + 1) * seq).every((c) => c === 0)).toBe(true);
        }
    }
  });

test('what does not exist is refused by name', async () => {
  using model = tinyModel(gpu, 'dfa').model;
  using sae = tinySae(gpu, 'dfa').sae;
  const ids = [0, 1, 2];
  await expect(attribute(gpu, model, sae, { ids, feature: 29, dest: 0 })).rejects.toThrow(/no feature 29/);
  await expect(attribute(gpu, model, sae, { ids, feature: 0, dest: 3 })).rejects.toThrow(
    /no position 3 of 3/,
  );
  using mlp = tinySae(gpu, 'dfa', { site: 'blocks.0.mlp.hook_post' }).sae;
  await expect(attribute(gpu, model, mlp, { ids, feature: 0, dest: 0 })).rejects.toThrow(
    /not an attn\.hook_z/,
  );
  using far = tinySae(gpu, 'dfa', { site: 'blocks.5.attn.hook_z' }).sae;
  await expect(attribute(gpu, model, far, { ids, feature: 0, dest: 0 })).rejects.toThrow(/no hook blocks\.5/);
});
