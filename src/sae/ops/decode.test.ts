import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { decodeRef, type Entry } from '#e2e/reference/sae.ts';
import { testGpu } from '#gpu/testing.ts';
import { decodeAux, decodeSparse, prepareBatch } from './decode.ts';

const gpu = await testGpu();
const rng = makeRng('decode');
const draw = (n: number): Float32Array<ArrayBuffer> => Float32Array.from({ length: n }, () => rng.normal());
/** At most 40 products of size 1 in f32. */
const TOLERANCE = 1e-5;

function expectNear(got: ArrayLike<number>, want: ArrayLike<number>): void {
  expect(got.length).toBe(want.length);
  for (let i = 0; i < want.length; i++)
    expect(Math.abs(got[i]! - want[i]!), `element ${i}: ${got[i]}, expected ${want[i]}`).toBeLessThan(
      TOLERANCE * (1 + Math.abs(want[i]!)),
    );
}

for (const [n, d_in, fromRow] of [
  [1, 1, 0],
  [5, 13, 3],
  [33, 8, 1],
] as const)
  test(`prepare_batch scales, shifts and pads ${n} rows of ${d_in}`, async () => {
    const d_pad = Math.ceil(d_in / 4) * 4;
    const [x, b] = [draw((n + fromRow) * d_in), draw(d_pad)];
    b.fill(0, d_in);
    using s = gpu.scope('prepare');
    const [xs, xc] = [s.tensor('xs', [n, d_pad], 'f32'), s.tensor('xc', [n, d_pad], 'f32')];
    for (const p of [true, false]) {
      const rec = gpu.record('prepare');
      prepareBatch(rec, {
        x: s.upload('x', [n + fromRow, d_in], 'f32', x),
        fromRow,
        b_dec: s.upload('b_dec', [d_pad], 'f32', b),
        xs,
        xc,
        scale: 1.5,
        p,
      });
      await rec.submit();
      const want = (shift: number) =>
        Array.from({ length: n * d_pad }, (_, i) => {
          const c = i % d_pad;
          return c < d_in ? 1.5 * x[(fromRow + Math.floor(i / d_pad)) * d_in + c]! - shift * b[c]! : 0;
        });
      expectNear(await gpu.readF32(xs), want(0));
      expectNear(await gpu.readF32(xc), want(p ? 1 : 0));
    }
  });

/** A code of `rows` rows with up to `most` entries each, every third row empty. */
function codeOf(rows: number, most: number, d_sae: number): { entries: Entry[]; start: number[] } {
  const entries: Entry[] = [];
  const start = [0];
  for (let row = 0; row < rows; row++) {
    const features = new Set(Array.from({ length: row % 3 === 2 ? 0 : most }, () => rng.int(d_sae)));
    for (const f of [...features].sort((a, b) => a - b)) entries.push({ row, f, val: rng.uniform() });
    start.push(entries.length);
  }
  return { entries, start };
}

for (const [n, d_pad, d_sae, most] of [
  [1, 4, 1, 1],
  [7, 12, 31, 5],
  [33, 260, 65, 40],
] as const)
  test(`decode_sparse and decode_aux gather ${n} rows of ${d_pad} from ${d_sae} features`, async () => {
    const { entries, start } = codeOf(2 * n, most, d_sae);
    const w = {
      W_enc: new Float64Array(),
      b_enc: new Float64Array(),
      W_dec: Float64Array.from(draw(d_sae * d_pad)),
      b_dec: Float64Array.from(draw(d_pad)),
    };
    const x = draw(n * d_pad);
    using s = gpu.scope('decode');
    const cap = Math.max(1, entries.length);
    const code = {
      rowStart: s.upload('row_start', [2 * n + 1], 'u32', Uint32Array.from(start)),
      idx: s.upload(
        'idx',
        [cap],
        'u32',
        Uint32Array.from({ length: cap }, (_, j) => entries[j]?.f ?? 0),
      ),
      val: s.upload(
        'val',
        [cap],
        'f32',
        Float32Array.from({ length: cap }, (_, j) => entries[j]?.val ?? 0),
      ),
      cap,
    };
    const W_dec = s.upload('W_dec', [d_sae, d_pad], 'f32', Float32Array.from(w.W_dec));
    const err = s.zeros('err', [2 * n, d_pad], 'f32');
    const unit = 0.25;
    const scalars = s.upload('scalars', [16], 'f32', new Float32Array(16).fill(unit));
    const rec = gpu.record('decode');
    decodeSparse(rec, {
      W_dec,
      b_dec: s.upload('b_dec', [d_pad], 'f32', Float32Array.from(w.b_dec)),
      x: s.upload('x', [n, d_pad], 'f32', x),
      code,
      err,
      scale: 2 / n,
    });
    decodeAux(rec, { W_dec, code, scalars, err, n });
    await rec.submit();
    const c = { n, d_in: d_pad, d_sae, k: 0, k_aux: 0, auxWeight: 0, p: 0 };
    const left = decodeRef(
      entries.filter((e) => e.row < n),
      w,
      c,
      true,
    ).map((v, i) => v - x[i]!);
    const auxEntries = entries.filter((e) => e.row >= n).map((e) => ({ ...e, row: e.row - n }));
    const aux = decodeRef(auxEntries, w, c, false).map((v, i) => unit * (v + left[i]!));
    expectNear(await gpu.readF32(err), [...left.map((v) => (2 / n) * v), ...aux]);
  });
