import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { testGpu } from '#gpu/testing.ts';
import { type Penalty, penaltyRows, penaltySlopes } from './penalty.ts';

const gpu = await testGpu();

interface Problem {
  readonly entries: readonly { readonly row: number; readonly f: number; readonly val: number }[];
  readonly W_dec: Float64Array;
  readonly d_in: number;
}

function problem(n: number, d_in: number, d_sae: number): Problem {
  const rng = makeRng(`penalty ${n} ${d_sae}`);
  const entries: { row: number; f: number; val: number }[] = [];
  for (let row = 0; row < n; row++)
    for (let f = 0; f < d_sae; f++)
      if (rng.uniform() < 0.4) entries.push({ row, f, val: Math.fround(0.01 + rng.uniform()) });
  return {
    entries,
    W_dec: Float64Array.from({ length: d_sae * d_in }, () => Math.fround(rng.normal())),
    d_in,
  };
}

/** The penalty in f64, as it is written. */
function penaltyRef(p: Problem, o: Penalty): number {
  let sum = 0;
  for (const { f, val } of p.entries) {
    let norm = 1;
    if (o.norms)
      norm = Math.sqrt(p.W_dec.subarray(f * p.d_in, (f + 1) * p.d_in).reduce((s, v) => s + v * v, 0));
    const product = val * norm;
    sum += o.kind === 'step' ? 1 : o.kind === 'tanh' ? Math.tanh((o.tanhScale ?? 0) * product) : product;
  }
  return o.weight * sum;
}

async function runGpu(p: Problem, n: number, d_sae: number, penalty: Penalty) {
  using s = gpu.scope('penalty');
  const d_pad = Math.ceil(p.d_in / 4) * 4;
  const padded = new Float32Array(d_sae * d_pad);
  p.W_dec.forEach((v, i) => {
    padded[Math.floor(i / p.d_in) * d_pad + (i % p.d_in)] = v;
  });
  const cap = Math.max(1, p.entries.length);
  const by = [...p.entries].sort((a, b) => a.f - b.f || a.row - b.row);
  const pairs = new Uint32Array(2 * cap);
  const bits = new Uint32Array(Float32Array.from(by, (e) => e.val).buffer);
  by.forEach((e, i) => {
    pairs.set([e.row, bits[i]!], 2 * i);
  });
  const counts = (length: number, of: (e: Problem['entries'][number]) => number): Uint32Array<ArrayBuffer> =>
    Uint32Array.from({ length: length + 1 }, (_, i) => p.entries.filter((e) => of(e) < i).length);
  const fill = (of: (e: Problem['entries'][number]) => number): number[] => p.entries.map(of);
  const code = {
    rowStart: s.upload(
      'row_start',
      [n + 1],
      'u32',
      counts(n, (e) => e.row),
    ),
    idx: s.upload('idx', [cap], 'u32', Uint32Array.from(fill((e) => e.f))),
    val: s.upload('val', [cap], 'f32', Float32Array.from(fill((e) => e.val))),
    cap,
  };
  const dz = s.upload('dz', [cap], 'f32', new Float32Array(cap).fill(0.5));
  const norm = s.tensor('norm', [d_sae], 'f32');
  const pull = s.tensor('pull', [2 * d_sae], 'f32');
  const scalars = s.zeros('scalars', [16], 'f32');
  const rec = gpu.record('penalty');
  penaltySlopes(rec, { W_dec: s.upload('W_dec', [d_sae, d_pad], 'f32', padded), norm, code, dz, penalty });
  penaltyRows(rec, {
    norm,
    start: s.upload(
      'start',
      [d_sae + 1],
      'u32',
      counts(d_sae, (e) => e.f),
    ),
    pairs: s.upload('pairs', [cap, 2], 'u32', pairs),
    pull,
    sums: s.tensor('sums', [d_sae], 'f32'),
    scalars,
    penalty,
  });
  await rec.submit();
  return {
    dz: await gpu.readF32(dz),
    pull: await gpu.readF32(pull),
    total: (await gpu.readF32(scalars))[8]!,
  };
}

/** f32 sums of at most 3,000 terms, and tanh of WGSL, which is good to about 1e-5; differences in f64 are exact to 1e-8. */
const near = (got: number, want: number, what: string): void =>
  expect(Math.abs(got - want), `${what}: ${got}, expected ${want}`).toBeLessThan(3e-5 * (1 + Math.abs(want)));

const KINDS: Record<string, Penalty> = {
  'L1 with norms': { weight: 0.3, norms: true, kind: 'l1' },
  'plain L1': { weight: 0.3, norms: false, kind: 'l1' },
  tanh: { weight: 0.3, norms: true, kind: 'tanh', tanhScale: 0.7 },
  step: { weight: 0.01, norms: true, kind: 'step' },
};
for (const [name, penalty] of Object.entries(KINDS))
  for (const [n, d_in, d_sae] of [
    [1, 1, 1],
    [33, 5, 67],
  ] as const)
    test(`${name} over ${n} tokens of ${d_sae} features: value, and slopes by finite differences`, async () => {
      const p = problem(n, d_in, d_sae);
      const got = await runGpu(p, n, d_sae, penalty);
      near(got.total, penaltyRef(p, penalty), 'penalty');
      const h = 1e-4;
      const slope = (make: (d: number) => Problem): number =>
        (penaltyRef(make(h), penalty) - penaltyRef(make(-h), penalty)) / (2 * h);
      for (let j = 0; j < p.entries.length; j += 7) {
        const moved = (d: number): Problem => ({
          ...p,
          entries: p.entries.map((e, i) => (i === j ? { ...e, val: e.val + d } : e)),
        });
        near(got.dz[j]! - 0.5, slope(moved), `slope by act ${j}`);
      }
      for (let i = 0; i < p.W_dec.length; i += 11) {
        const moved = (d: number): Problem => ({
          ...p,
          W_dec: Float64Array.from(p.W_dec, (v, k) => (k === i ? v + d : v)),
        });
        near(got.pull[Math.floor(i / d_in)]! * p.W_dec[i]!, slope(moved), `slope by weight ${i}`);
      }
    });
