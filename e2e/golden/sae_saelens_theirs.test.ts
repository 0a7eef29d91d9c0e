import { expect, test } from 'vitest';
import { testGpu } from '#gpu/testing.ts';
import { readSaeLens } from '#sae/formats/saelens.ts';
import { decodeCode, denseActs, encodePreActs, makeCode, selectCode } from '#sae/inference.ts';
import { VARIANTS } from '#sae/variants/index.ts';
import { type SaeMeta, type SaeWeights, saeOnGpu } from '#sae/weights.ts';
import { expectClose } from '../fixtures/numbers.ts';
import check from './sae_saelens_check.json';
import golden from './sae_saelens_theirs.json';

// Folders that sae-lens saved, and what it makes of them: see scripts/golden/saelens_roundtrip.py.
const gpu = await testGpu();
const { d_in, d_sae } = golden;
const n = golden.x.length / d_in;
const bytesOf = (base64: string): Uint8Array<ArrayBuffer> =>
  Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));

/** Our own acts and recon of the golden rows. */
async function encode(
  weights: SaeWeights,
  meta: SaeMeta,
): Promise<{ acts: Float32Array; recon: Float32Array }> {
  using sae = saeOnGpu(gpu, weights, meta);
  using s = gpu.scope('theirs');
  const x = s.upload('x', [n, d_in], 'f32', Float32Array.from(golden.x));
  const xc = s.tensor('xc', [n, d_in], 'f32');
  const pre_acts = s.tensor('pre_acts', [n, d_sae], 'f32');
  const acts = s.tensor('acts', [n, d_sae], 'f32');
  const recon = s.tensor('recon', [n, d_in], 'f32');
  const code = makeCode(s, sae, n, d_sae);
  const rec = gpu.record('theirs');
  encodePreActs(rec, sae, { x, xc, pre_acts });
  denseActs(rec, sae, { pre_acts, acts });
  selectCode(rec, sae, { pre_acts, code });
  decodeCode(rec, sae, { code, recon });
  await rec.submit();
  return { acts: await gpu.readF32(acts), recon: await gpu.readF32(recon) };
}

for (const [name, theirs] of Object.entries(golden.folders))
  test(`sae-lens ${golden.sae_lens} and we encode and decode alike: ${name}`, async () => {
    const packed: Record<string, string | undefined> = theirs.files;
    const files = Object.fromEntries(
      Object.entries(packed).flatMap(([file, data]) => (data ? [[file, bytesOf(data)]] : [])),
    );
    const { weights, meta } = await readSaeLens(files);
    expect(meta).toMatchObject({ site: golden.hook_name, model: 'tiny' });
    const { acts, recon } = await encode(weights, meta);
    expect(Array.from(acts, (v) => v > 0)).toEqual(theirs.acts.map((v) => v > 0));
    // f32 sums of 7 products of size about 1, and of up to 20; scaled inputs have acts of up to 10.
    expectClose(acts, theirs.acts, { rel: 1e-6, abs: 2e-6 }, 'acts');
    expectClose(recon, theirs.recon, { rel: 1e-6, abs: 2e-6 }, 'recon');
  });

test('sae-lens encodes each of our folders, one of every variant among them, to the same acts within 1e-5', () => {
  const trained = VARIANTS.map((v) => `trained ${v.id}`);
  expect(Object.keys(check.folders)).toEqual(
    expect.arrayContaining(['gated', 'relu', 'threshold', 'topk', ...trained]),
  );
  for (const [name, folder] of Object.entries(check.folders)) {
    expect(folder.same_support, name).toBe(true);
    expect(folder.l0, name).toBeGreaterThan(1);
    expect(Math.max(folder.max_abs_acts, folder.max_abs_recon), name).toBeLessThan(1e-5);
  }
});
