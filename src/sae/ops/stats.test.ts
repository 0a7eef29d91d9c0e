import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { spreadRef } from '#e2e/reference/sae.ts';
import { testGpu } from '#gpu/testing.ts';
import { batchStats, columnStats, RING_WIDTH, statSegments, stepEnd } from './stats.ts';

const gpu = await testGpu();
const rng = makeRng('stats');
const draw = (n: number, shift = 0): Float32Array<ArrayBuffer> =>
  Float32Array.from({ length: n }, () => shift + rng.normal());
const squares = (a: ArrayLike<number>): number => Array.from(a).reduce((s, v) => s + v * v, 0);
const near = (got: number, want: number, what: string): void =>
  // f32 sums of up to some thousand terms, block by block.
  expect(Math.abs(got - want), `${what}: ${got}, expected ${want}`).toBeLessThan(1e-5 * (1 + Math.abs(want)));

for (const [n, d_pad, d_sae] of [
  [1, 4, 1],
  [65, 12, 67],
  [200, 260, 300],
] as const)
  test(`sums of a batch of ${n} rows of ${d_pad} and the end of a step with ${d_sae} features`, async () => {
    const [err, x] = [draw(2 * n * d_pad), draw(n * d_pad, 0.5)];
    const [row_norm, g_b_enc, g_b_dec] = [draw(2 * d_sae).map(Math.abs), draw(d_sae), draw(d_pad)];
    const last = Uint32Array.from({ length: d_sae }, () => rng.int(10));
    const hits = Uint32Array.from({ length: d_sae }, () => rng.int(4));
    using s = gpu.scope('stats');
    const t = {
      err: s.upload('err', [2 * n, d_pad], 'f32', err),
      x: s.upload('x', [n, d_pad], 'f32', x),
      part: s.tensor('part', [statSegments(n), 4, d_pad], 'f32'),
      err_sum: s.tensor('err_sum', [d_pad], 'f32'),
      aux_part: s.tensor('aux_part', [statSegments(n), 4, d_pad], 'f32'),
      scalars: s.upload('scalars', [16], 'f32', new Float32Array(16).fill(1)),
      ring: s.zeros('ring', [3, RING_WIDTH], 'f32'),
    };
    const rec = gpu.record('stats');
    columnStats(rec, { ...t, fromRow: 0, withX: true });
    batchStats(rec, { ...t, n, auxWeight: 0.125 });
    columnStats(rec, { ...t, part: t.aux_part, fromRow: n, withX: false });
    stepEnd(rec, {
      ...t,
      row_norm: s.upload('row_norm', [2 * d_sae], 'f32', row_norm),
      g_b_enc: s.upload('g_b_enc', [d_sae], 'f32', g_b_enc),
      g_b_dec: s.upload('g_b_dec', [d_pad], 'f32', g_b_dec),
      last_fired: s.upload('last', [d_sae], 'u32', last),
      hits: s.upload('hits', [d_sae], 'u32', hits),
      n,
      slot: 2,
      deadLimit: 5,
      clip: 0.5,
    });
    await rec.submit();

    const main = err.subarray(0, n * d_pad);
    const sums = await gpu.readF32(t.err_sum);
    sums.forEach((v, c) => {
      let want = 0;
      for (let r = 0; r < n; r++) want += main[r * d_pad + c]!;
      near(v, want, `err_sum[${c}]`);
    });
    const shape = { n, d_in: d_pad };
    const scalars = await gpu.readF32(t.scalars);
    const left = (spreadRef(main, shape) * n * n) / 4;
    near(scalars[2]!, squares(main), 'sum of squares');
    near(scalars[3]!, spreadRef(x, shape), 'spread of x');
    if (n > 1) near(scalars[6]!, left, 'spread of the residual');
    const unit = n > 1 ? 0.25 / left : 0;
    near(scalars[5]!, unit, 'unit of AuxK');
    const norm = Math.sqrt(row_norm.reduce((a, b) => a + b, 0) + squares(g_b_enc) + squares(g_b_dec));
    const dead = last.filter((at) => at < 5).length;
    near(scalars[0]!, Math.min(1, 0.5 / norm), 'gradient factor');
    expect(scalars[1]).toBe(dead);
    const slot = (await gpu.readF32(t.ring)).subarray(2 * RING_WIDTH);
    near(slot[0]!, (squares(main) * n) / 4, 'mse');
    near(slot[1]!, spreadRef(x, shape), 'spread of x in the ring');
    near(slot[2]!, n > 1 ? squares(err.subarray(n * d_pad)) / (unit * unit * left) : 0, 'AuxK');
    near(slot[3]!, hits.reduce((a, b) => a + b, 0) / n, 'L0');
    expect(slot[4]).toBe(dead);
    near(slot[5]!, norm, 'gradient norm');
    expect(slot[6]).toBe(1);
  });
