import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { type GatedRefParams, gatedGradsRef, gatedLossRef, gatedPathsRef } from '#e2e/reference/sae_gated.ts';
import { testGpu } from '#gpu/testing.ts';
import { decodeSparse } from './decode.ts';
import { gatedCode, gatedGrad, gatedGradients, gatedScratch } from './gated.ts';
import { columnStats, statSegments } from './stats.ts';
import { dzMark, fillPairs, fireStats, scanCounts } from './transpose.ts';

const gpu = await testGpu();

function problem(n: number, d_in: number, d_sae: number) {
  const rng = makeRng(`gated ${n} ${d_sae}`);
  // Rows padded to whole vec4s with zeros: the oracle takes d_pad for d_in.
  const d_pad = Math.ceil(d_in / 4) * 4;
  const draw = (rows: number, scale: number): Float64Array =>
    Float64Array.from({ length: rows * d_pad }, (_, i) =>
      i % d_pad < d_in ? Math.fround(scale * rng.normal()) : 0,
    );
  const each = (scale: number): Float64Array =>
    Float64Array.from({ length: d_sae }, () => Math.fround(scale * rng.normal()));
  const w: GatedRefParams = {
    W_enc: draw(d_sae, 1),
    b_gate: each(0.3),
    b_mag: each(0.3),
    r_mag: each(0.3),
    W_dec: draw(d_sae, 1),
    b_dec: draw(1, 0.3),
  };
  return { x: draw(n, 1), w, c: { n, d_in: d_pad, d_sae, lambda: 0.4 } };
}

type Problem = ReturnType<typeof problem>;

async function runGpu({ x, w, c: { n, d_in: d_pad, d_sae, lambda } }: Problem, p: Float64Array) {
  using s = gpu.scope('gated');
  const up = (name: string, shape: readonly number[], data: Float64Array) =>
    s.upload(name, shape, 'f32', Float32Array.from(data));
  const [rows, cap] = [2 * n, 2 * n * d_sae];
  const code = {
    rowStart: s.tensor('row_start', [rows + 1], 'u32'),
    idx: s.tensor('idx', [cap], 'u32'),
    val: s.zeros('val', [cap], 'f32'),
    cap,
  };
  const own = {
    b_gate: up('b_gate', [d_sae], w.b_gate),
    b_mag: up('b_mag', [d_sae], w.b_mag),
    r_mag: up('r_mag', [d_sae], w.r_mag),
  };
  const W_dec = up('W_dec', [d_sae, d_pad], w.W_dec);
  const xs = up('x', [n, d_pad], x);
  const err = s.tensor('err', [rows, d_pad], 'f32');
  const dz = s.tensor('dz', [cap], 'f32');
  const bits = s.zeros('bits', [d_sae, Math.ceil(rows / 32)], 'u32');
  const start = s.zeros('start', [d_sae + 1], 'u32');
  const hits = s.tensor('hits', [d_sae], 'u32');
  const [by_val, by_dz] = [s.tensor('by_val', [cap, 2], 'u32'), s.tensor('by_dz', [cap, 2], 'u32')];
  const part = s.tensor('part', [statSegments(n), 4, d_pad], 'f32');
  const scalars = s.zeros('scalars', [16], 'f32');
  const grads = s.tensor('grads', gatedScratch(d_sae)['gated_grads']![0], 'f32');
  const rec = gpu.record('gated');
  gatedCode(rec, { pre_acts: up('p', [n, d_sae], p), own, code });
  const decode = { W_dec, b_dec: up('b_dec', [d_pad], w.b_dec), x: xs, code, err, scale: 2 / n };
  decodeSparse(rec, decode);
  decodeSparse(rec, { ...decode, fromRow: n });
  columnStats(rec, { err, x: xs, part, fromRow: n, withX: false });
  dzMark(rec, { W_dec, err, code, dz, bits });
  const counts = { last_fired: s.zeros('last', [d_sae], 'u32'), fired: s.zeros('fired', [d_sae], 'u32') };
  fireStats(rec, { bits, start, hits, ...counts, n, step: 1 });
  scanCounts(rec, start);
  fillPairs(rec, { code, dz, bits, start, by_val, by_dz, rows, n });
  gatedGradients(rec, { own, start, by_val, by_dz, grads, part, scalars, n, weight: lambda / n });
  await rec.submit();
  return {
    rowStart: await gpu.readU32(code.rowStart),
    idx: await gpu.readU32(code.idx),
    val: await gpu.readF32(code.val),
    hits: await gpu.readU32(hits),
    start: await gpu.readU32(start),
    by_val: await gpu.readU32(by_val),
    by_dz: await gpu.readU32(by_dz),
    grads: await Promise.all(([0, 1, 2] as const).map((i) => gpu.readF32(gatedGrad(grads, i, d_sae)))),
    scalars: await gpu.readF32(scalars),
  };
}

/** f32 sums of at most 3,000 products of size 1 to 10. */
const near = (got: number, want: number, what: string): void =>
  expect(Math.abs(got - want), `${what}: ${got}, expected ${want}`).toBeLessThan(3e-5 * (1 + Math.abs(want)));
const floats = (words: Uint32Array<ArrayBuffer>): Float32Array => new Float32Array(words.buffer);

for (const [n, d_in, d_sae] of [
  [1, 1, 1],
  [33, 5, 67],
  [40, 8, 128],
] as const)
  test(`both paths of ${n} tokens and ${d_sae} gated features, and their gradients`, async () => {
    const all = problem(n, d_in, d_sae);
    const { x, w, c } = all;
    // The same p for both, so that no gate opens on one side only.
    const { p } = gatedPathsRef(x, w, c);
    const got = await runGpu(all, p);
    const { acts, open } = gatedPathsRef(x, w, c);
    for (let row = 0; row < 2 * n; row++) {
      const want = (row < n ? acts : open).subarray((row % n) * d_sae, ((row % n) + 1) * d_sae);
      const features = Array.from(want.keys()).filter((f) => want[f]! > 0);
      const [from, to] = [got.rowStart[row]!, got.rowStart[row + 1]!];
      expect(Array.from(got.idx.subarray(from, to)), `row ${row}`).toEqual(features);
      features.forEach((f, j) => {
        near(got.val[from + j]!, want[f]!, `entry ${f} of row ${row}`);
      });
    }
    got.hits.forEach((hits, f) => {
      expect(hits, `acts of feature ${f}`).toBe(
        Array.from({ length: n }, (_, t) => acts[t * d_sae + f]!).filter((v) => v > 0).length,
      );
    });
    const want = gatedGradsRef(x, w, c);
    [want.b_gate, want.b_mag, want.r_mag].forEach((g, i) => {
      g.forEach((v, f) => {
        near(got.grads[i]![f]!, v, `gradient ${i} of feature ${f}`);
      });
    });
    const loss = gatedLossRef(x, w, c, w);
    near(got.scalars[8]!, loss.penalty, 'penalty');
    near(got.scalars[9]!, loss.gate, 'error of the gate path');
    expectPairs(all, got, want);
  });

/** What adam_rows sums from the pairs is the gradient of the encoder; open gates leave the decoder alone. */
function expectPairs(
  { x, w, c: { n, d_in, d_sae } }: Problem,
  got: Awaited<ReturnType<typeof runGpu>>,
  want: GatedRefParams,
): void {
  const [vals, slopes] = [floats(got.by_val), floats(got.by_dz)];
  for (let f = 0; f < d_sae; f++) {
    const sum = new Float64Array(d_in);
    for (let j = got.start[f]!; j < got.start[f + 1]!; j++) {
      const t = got.by_dz[2 * j]!;
      for (let i = 0; i < d_in; i++) sum[i]! += slopes[2 * j + 1]! * (x[t * d_in + i]! - w.b_dec[i]!);
      if (got.by_val[2 * j]! >= n) expect(vals[2 * j + 1]).toBe(0);
      else expect(vals[2 * j + 1]).toBeGreaterThan(0);
    }
    sum.forEach((v, i) => {
      near(v, want.W_enc[f * d_in + i]!, `W_enc ${f}, ${i}`);
    });
  }
}
