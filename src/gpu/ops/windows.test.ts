import { expect, test } from 'vitest';
import { testGpu } from '../testing.ts';
import { normals } from './checks.ts';
import { add, axpy, fill, scale } from './elementwise.ts';
import { embedTokensBackward } from './embed.ts';
import { elementWindows } from './grid.ts';
import { adam, globalNorm } from './optim.ts';
import { partialsLength, partialsLengthOf } from './reduce.ts';

const gpu = await testGpu();
/** 128 elements a binding, so that odd sizes fall into several windows with a rest. */
const SMALL = 512;
const N = 3 * 128 + 37;

test('windows cover every element once and start where a binding may', () => {
  for (const n of [1, 63, 64, 65, 128, 129, N]) {
    const all = [...elementWindows(n, SMALL)];
    expect(all.reduce((sum, w) => sum + w.count, 0)).toBe(n);
    for (const w of all) expect([w.from % 64, w.count <= 128]).toEqual([0, true]);
  }
});

/** Every elementwise op and an Adam step over N elements; all results one after the other. */
async function elementwise(limit?: number): Promise<number[]> {
  const maxBindingBytes = limit as number;
  const o = limit === undefined ? {} : { maxBindingBytes };
  using s = gpu.scope('windows');
  const up = (name: string, seed: number) => s.upload(name, [N], 'f32', normals(`windows/${seed}`, N));
  const [a, b, out, y, g] = [up('a', 1), up('b', 2), up('out', 3), up('y', 4), up('g', 5)];
  const [p, m, v, filled] = [up('p', 6), s.zeros('m', [N], 'f32'), s.zeros('v', [N], 'f32'), up('filled', 7)];
  const rec = gpu.record('windows');
  add(rec, { a, b, out, ...o });
  axpy(rec, { alpha: 0.5, x: a, y, ...o });
  scale(rec, { alpha: -2, x: a, out: b, ...o });
  fill(rec, { value: 3, out: filled, ...o });
  const config = { lr: 0.1, beta1: 0.9, beta2: 0.99, eps: 1e-8, weightDecay: 0.1 };
  adam(rec, { p, m, v, g, step: 1, ...config, ...o });
  await rec.submit();
  const results = await Promise.all([out, y, b, filled, p, m, v].map((t) => gpu.readF32(t)));
  return results.flatMap((r) => [...r]);
}

test('elementwise ops and Adam give the same bits in windows as in one piece', async () => {
  expect(await elementwise(SMALL)).toEqual(await elementwise());
});

test('the gradient of W_E gives the same bits in windows of its rows', async () => {
  const [vocab, d, seq] = [41, 8, 23];
  const run = async (limit?: number): Promise<Float32Array> => {
    using s = gpu.scope('windows');
    const ids = Uint32Array.from({ length: seq }, (_, i) => (i * i * 7) % vocab);
    const tokens = s.upload('tokens', [1, seq], 'u32', ids);
    const d_embed = s.upload('d_embed', [1, seq, d], 'f32', normals('windows/d_embed', seq * d));
    const d_W_E = s.tensor('d_W_E', [vocab, d], 'f32');
    const links = s.tensor('links', [seq], 'u32');
    const rec = gpu.record('windows');
    embedTokensBackward(rec, { tokens, d_embed, d_W_E, links, ...(limit && { maxBindingBytes: limit }) });
    await rec.submit();
    return gpu.readF32(d_W_E);
  };
  expect(await run(SMALL)).toEqual(await run());
});

test('the norm of a tensor over the limit is that of its windows together', async () => {
  using s = gpu.scope('windows');
  const values = normals('windows/g', N);
  const g = s.upload('g', [N], 'f32', values);
  const want = Math.sqrt(values.reduce((sum, x) => sum + x * x, 0));
  const norms = [s.tensor('whole', [1], 'f32'), s.tensor('parts', [1], 'f32')] as const;
  const partials = s.tensor('partials', [partialsLength(1)], 'f32');
  const more = s.tensor('more partials', [partialsLengthOf([N], SMALL)], 'f32');
  const rec = gpu.record('windows');
  globalNorm(rec, { gs: [g], partials, norm: norms[0] });
  globalNorm(rec, { gs: [g], partials: more, norm: norms[1], maxBindingBytes: SMALL });
  await rec.submit();
  // 421 squares added in f32.
  for (const norm of norms) expect(Math.abs((await gpu.readF32(norm))[0]! - want)).toBeLessThan(1e-5 * want);
});
