import { describe, expect, test } from 'vitest';
import {
  type AttentionSize,
  attentionBackward as backwardOracle,
  attention as oracle,
} from '#e2e/reference/transformer.ts';
import type { Gpu } from '../device.ts';
import { testGpu } from '../testing.ts';
import {
  attnMix,
  attnMixBackwardPattern,
  attnMixBackwardValue,
  attnScores,
  attnScoresBackwardKey,
  attnScoresBackwardQuery,
  attnSoftmax,
  attnSoftmaxBackward,
} from './attention.ts';
import { dot, expectClose, finiteDifferences, normals } from './checks.ts';

// One invocation a row and 64 a row (LANES of lib/reduce.wgsl) on the same adapter.
const software = await testGpu({ caps: { class: 'software' } });
const hardware = await testGpu({ caps: { class: 'nvidia' } });
const DEVICES = [
  ['software', software],
  ['hardware', hardware],
] as const;

// Dot products of at most 65 products of normals: |sum| < 40, f32 rounding 65·2^-24·40 ~ 1.5e-4 at worst, 2e-5 in practice.
const TOL = { rel: 2e-5, abs: 3e-5 };

const SIZES: readonly AttentionSize[] = [
  { batch: 1, seq: 1, n_heads: 1, n_kv_heads: 1, d_head: 1 },
  { batch: 2, seq: 7, n_heads: 3, n_kv_heads: 1, d_head: 5 },
  { batch: 1, seq: 65, n_heads: 2, n_kv_heads: 2, d_head: 16 },
  { batch: 2, seq: 33, n_heads: 4, n_kv_heads: 2, d_head: 13 },
];

function inputs(size: AttentionSize) {
  const heads = size.batch * size.seq * size.n_heads * size.d_head;
  const kvs = size.batch * size.seq * size.n_kv_heads * size.d_head;
  return { q: normals('q', heads), k: normals('k', kvs), v: normals('v', kvs), d_z: normals('d_z', heads) };
}

async function check(gpu: Gpu, size: AttentionSize): Promise<void> {
  using s = gpu.scope('test');
  const { batch, seq, n_heads, n_kv_heads, d_head } = size;
  const scale = 1 / Math.sqrt(d_head);
  const host = inputs(size);
  const headShape = [batch, seq, n_heads, d_head];
  const kvShape = [batch, seq, n_kv_heads, d_head];
  const square = (label: string) => s.tensor(label, [batch, n_heads, seq, seq], 'f32');
  const q = s.upload('q', headShape, 'f32', host.q);
  const k = s.upload('k', kvShape, 'f32', host.k);
  const v = s.upload('v', kvShape, 'f32', host.v);
  const d_z = s.upload('d_z', headShape, 'f32', host.d_z);
  const t = {
    scores: square('scores'),
    pattern: square('pattern'),
    z: s.tensor('z', headShape, 'f32'),
    d_pattern: square('d_pattern'),
    d_scores: square('d_scores'),
    d_q: s.tensor('d_q', headShape, 'f32'),
    d_k: s.tensor('d_k', kvShape, 'f32'),
    d_v: s.tensor('d_v', kvShape, 'f32'),
  };
  const rec = gpu.record('test');
  attnScores(rec, { q, k, scores: t.scores, scale });
  attnSoftmax(rec, t);
  attnMix(rec, { ...t, v });
  attnMixBackwardPattern(rec, { ...t, v, d_z });
  attnMixBackwardValue(rec, { ...t, d_z });
  attnSoftmaxBackward(rec, t);
  attnScoresBackwardQuery(rec, { ...t, k, scale });
  attnScoresBackwardKey(rec, { ...t, q, scale });
  await rec.submit();
  const want = oracle(host.q, host.k, host.v, size, scale);
  const grads = backwardOracle({ ...host, pattern: want.pattern }, size, scale);
  for (const [name, expected] of Object.entries({ ...want, ...grads }))
    expectClose(await gpu.readF32(t[name as keyof typeof t]), expected, TOL);
}

for (const [lanes, gpu] of DEVICES)
  describe(`attention as on ${lanes}`, () => {
    for (const size of SIZES)
      test(`${Object.values(size).join(' x ')}: forward and backward agree with the oracle`, () =>
        check(gpu, size));
  });

describe('attention', () => {
  const gpu = software;
  test('heads that do not share key heads evenly are refused', () => {
    using s = gpu.scope('test');
    const q = s.tensor('q', [1, 2, 3, 4], 'f32');
    const k = s.tensor('k', [1, 2, 2, 4], 'f32');
    const scores = s.tensor('scores', [1, 3, 2, 2], 'f32');
    expect(() => attnScores(gpu.record('test'), { q, k, scores, scale: 1 })).toThrow(/share/);
  });
  test('scores of ±100 give a pattern without overflow, and −1e30 knocks a source out', async () => {
    using s = gpu.scope('test');
    const scores = s.upload('scores', [1, 1, 2, 2], 'f32', Float32Array.of(-1e30, 5, 100, -1e30));
    const pattern = s.tensor('pattern', [1, 1, 2, 2], 'f32');
    const rec = gpu.record('test');
    attnSoftmax(rec, { scores, pattern });
    await rec.submit();
    // exp(−80) = 1.8e-35 stands for the knocked-out source.
    expectClose(await gpu.readF32(pattern), [1, 0, 1, 0], { rel: 1e-6, abs: 1e-30 });
  });
});

test('the oracle of the backward pass agrees with finite differences', () => {
  const size = { batch: 2, seq: 3, n_heads: 2, n_kv_heads: 1, d_head: 3 };
  const scale = 0.7;
  const host = inputs(size);
  const q = Float64Array.from(host.q);
  const k = Float64Array.from(host.k);
  const v = Float64Array.from(host.v);
  const { pattern } = oracle(q, k, v, size, scale);
  const got = backwardOracle({ q, k, v, pattern, d_z: host.d_z }, size, scale);
  const loss = (a: Float64Array, b: Float64Array, c: Float64Array) =>
    dot(oracle(a, b, c, size, scale).z, host.d_z);
  const tol = { rel: 1e-6, abs: 1e-8 }; // f64 central differences
  expectClose(
    finiteDifferences(q, (p) => loss(p, k, v)),
    got.d_q,
    tol,
  );
  expectClose(
    finiteDifferences(k, (p) => loss(q, p, v)),
    got.d_k,
    tol,
  );
  expectClose(
    finiteDifferences(v, (p) => loss(q, k, p)),
    got.d_v,
    tol,
  );
});
