import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import type { Gpu } from '#gpu/device.ts';
import type { Scope } from '#gpu/scope.ts';
import { testGpu } from '#gpu/testing.ts';
import { type AdamStep, adamBDec, adamBEnc, adamRows, adamStep, biasPull, pullSegments } from './adam.ts';

const soft = await testGpu();
const wide = await testGpu({ caps: { class: 'nvidia' } });
type A = Float32Array<ArrayBuffer>;

const rng = makeRng('adam');
const draw = (n: number, scale = 1): A => Float32Array.from({ length: n }, () => scale * rng.normal());
const ADAM = adamStep(3, { lr: 0.01, beta1: 0.9, beta2: 0.99, eps: 1e-8 });
const FACTOR = 0.5;

/** Adam in f64 on one number. */
function adamRef(w: number, m: number, v: number, g: number, a: AdamStep): [number, number, number] {
  const m1 = a.beta1 * m + a.rest1 * g;
  const v1 = a.beta2 * v + a.rest2 * g * g;
  return [w - (a.lr * m1 * a.c1) / (Math.sqrt(v1 * a.c2) + a.eps), m1, v1];
}

function expectNear(got: ArrayLike<number>, want: ArrayLike<number>, what: string): void {
  for (let i = 0; i < want.length; i++)
    // f32 sums of at most 300 products of size 1.
    expect(Math.abs(got[i]! - want[i]!), `${what}[${i}]: ${got[i]}, expected ${want[i]}`).toBeLessThan(
      2e-5 * (1 + Math.abs(want[i]!)),
    );
}

interface Pairs {
  readonly start: number[];
  readonly rows: number[];
  readonly weights: A;
}
/** Feature 0 has every row, feature 1 none, the others some. */
function pairsOf(d_sae: number, rows: number): Pairs {
  const start = [0];
  const list: number[] = [];
  for (let f = 0; f < d_sae; f++) {
    for (let r = 0; r < rows; r++) if (f === 0 || (f > 1 && rng.uniform() < 0.2)) list.push(r);
    start.push(list.length);
  }
  return { start, rows: list, weights: draw(list.length) };
}

function listOf(s: Scope, p: Pairs) {
  const words = new Uint32Array(Math.max(1, p.rows.length) * 2);
  const floats = new Float32Array(words.buffer);
  p.rows.forEach((r, j) => {
    words[2 * j] = r;
    floats[2 * j + 1] = p.weights[j]!;
  });
  return {
    start: s.upload('start', [p.start.length], 'u32', Uint32Array.from(p.start)),
    pairs: s.upload('pairs', [words.length / 2, 2], 'u32', words),
  };
}

function unitRows(W: A, d: number): A {
  for (let at = 0; at < W.length; at += d) {
    const norm = Math.hypot(...W.subarray(at, at + d));
    for (let i = 0; i < d; i++) W[at + i]! /= norm;
  }
  return W;
}

async function rowsCase(
  on: Gpu,
  d_sae: number,
  d_pad: number,
  rows: number,
  project: boolean,
): Promise<void> {
  const p = pairsOf(d_sae, rows);
  const [W, m, v] = [
    unitRows(draw(d_sae * d_pad), d_pad),
    draw(d_sae * d_pad, 0.1),
    draw(d_sae * d_pad, 0.1),
  ];
  v.forEach((x, i) => {
    v[i] = x * x;
  });
  const source = draw(rows * d_pad);
  using s = on.scope('adam');
  const up = (name: string, data: A) => s.upload(name, [d_sae, d_pad], 'f32', data);
  const param = { w: up('W', W), m: up('m', m), v: up('v', v) };
  const row_norm = s.zeros('row_norm', [2 * d_sae], 'f32');
  const rec = on.record('adam');
  adamRows(rec, {
    source: s.upload('source', [rows, d_pad], 'f32', source),
    list: listOf(s, p),
    scalars: s.upload('scalars', [16], 'f32', new Float32Array(16).fill(FACTOR)),
    param,
    row_norm,
    normAt: d_sae,
    project,
    norm: true,
    adam: ADAM,
  });
  await rec.submit();
  const want = {
    w: new Float64Array(W.length),
    m: new Float64Array(W.length),
    v: new Float64Array(W.length),
  };
  const norms = new Float64Array(d_sae);
  for (let f = 0; f < d_sae; f++) {
    const g = new Float64Array(d_pad);
    for (let j = p.start[f]!; j < p.start[f + 1]!; j++)
      for (let i = 0; i < d_pad; i++) g[i]! += p.weights[j]! * source[p.rows[j]! * d_pad + i]!;
    let along = 0;
    for (let i = 0; i < d_pad; i++) along += project ? g[i]! * W[f * d_pad + i]! : 0;
    let length = 0;
    for (let i = 0; i < d_pad; i++) {
      const at = f * d_pad + i;
      const gi = g[i]! - along * W[at]!;
      norms[f]! += gi * gi;
      [want.w[at], want.m[at], want.v[at]] = adamRef(W[at]!, m[at]!, v[at]!, FACTOR * gi, ADAM) as [
        number,
        number,
        number,
      ];
      length += want.w[at]! ** 2;
    }
    if (project) for (let i = 0; i < d_pad; i++) want.w[f * d_pad + i]! /= Math.sqrt(length);
  }
  for (const name of ['w', 'm', 'v'] as const) expectNear(await on.readF32(param[name]), want[name], name);
  expectNear((await on.readF32(row_norm)).subarray(d_sae), norms, 'row_norm');
}

for (const [d_sae, d_pad, rows] of [
  [1, 4, 1],
  [37, 20, 65],
  [5, 268, 300],
] as const)
  for (const project of [true, false])
    test(`adam_rows: ${d_sae} features of ${d_pad}, ${rows} rows, ${project ? 'unit norm' : 'free'}`, () =>
      rowsCase(soft, d_sae, d_pad, rows, project));
test('adam_rows on hardware: an invocation a vec4, and more columns than invocations', async () => {
  await rowsCase(wide, 9, 20, 33, true);
  await rowsCase(wide, 3, 1028, 9, true);
});

test('the biases get their gradients, b_dec through the encoder input too', async () => {
  const [d_sae, d_pad, rows] = [131, 12, 40];
  const p = pairsOf(d_sae, rows);
  const [b_enc, b_dec, W_enc, err_sum] = [draw(d_sae), draw(d_pad), draw(d_sae * d_pad), draw(d_pad)];
  using s = soft.scope('bias');
  const moments = (name: string, data: A) => ({
    w: s.upload(name, [data.length], 'f32', data),
    m: s.zeros('m', [data.length], 'f32'),
    v: s.zeros('v', [data.length], 'f32'),
  });
  const scalars = s.upload('scalars', [16], 'f32', new Float32Array(16).fill(FACTOR));
  const [enc, dec] = [moments('b_enc', b_enc), moments('b_dec', b_dec)];
  const bits = s.upload('bits', [d_sae, 2], 'u32', new Uint32Array(2 * d_sae).fill(5));
  const g_b_enc = s.tensor('g_b_enc', [d_sae], 'f32');
  const part = s.tensor('part', [pullSegments(d_sae), d_pad], 'f32');
  const g_b_dec = s.tensor('g_b_dec', [d_pad], 'f32');
  const rec = soft.record('bias');
  adamBEnc(rec, { list: listOf(s, p), scalars, param: enc, g_b_enc, bits, adam: ADAM });
  biasPull(rec, { g_b_enc, W_enc: s.upload('W_enc', [d_sae, d_pad], 'f32', W_enc), part });
  adamBDec(rec, {
    err_sum: s.upload('err_sum', [d_pad], 'f32', err_sum),
    part,
    scalars,
    param: dec,
    g_b_dec,
    adam: ADAM,
  });
  await rec.submit();
  const gEnc = Array.from({ length: d_sae }, (_, f) =>
    p.weights.subarray(p.start[f], p.start[f + 1]).reduce((a, b) => a + b, 0),
  );
  const gDec = Array.from(err_sum, (e, i) => e - gEnc.reduce((a, g, f) => a + g * W_enc[f * d_pad + i]!, 0));
  expectNear(await soft.readF32(g_b_enc), gEnc, 'g_b_enc');
  expectNear(await soft.readF32(g_b_dec), gDec, 'g_b_dec');
  const step = (w: A, g: number[]) => Array.from(w, (x, i) => adamRef(x, 0, 0, FACTOR * g[i]!, ADAM)[0]);
  expectNear(await soft.readF32(enc.w), step(b_enc, gEnc), 'b_enc');
  expectNear(await soft.readF32(dec.w), step(b_dec, gDec), 'b_dec');
  expect((await soft.readU32(bits)).every((w) => w === 0)).toBe(true);
});
