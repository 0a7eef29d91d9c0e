import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { type TensorData, writeSafetensors } from '#io/safetensors.ts';
import type { ActRuleSpec } from '../variant.ts';
import type { SaeMeta, SaeWeights } from '../weights.ts';
import { readSaeLens, writeSaeLens } from './saelens.ts';

const rng = makeRng('saelens');
const draw = (n: number): Float32Array<ArrayBuffer> => Float32Array.from({ length: n }, () => rng.normal());
const D = { d_in: 3, d_sae: 5 };

const weightsOf = (actRule: ActRuleSpec): SaeWeights => ({
  ...D,
  actRule,
  applyBDecToInput: true,
  W_enc: draw(15),
  b_enc: draw(5),
  W_dec: draw(15),
  b_dec: draw(3),
  ...(actRule.kind === 'threshold' && { theta: draw(5) }),
});
const META: SaeMeta = {
  id: 'abc',
  title: 'a test',
  model: 'm',
  site: 'blocks.0.attn.hook_z',
  variant: 'topk',
  excludedPositions: [0],
  extra: { note: 1 },
};
const json = (value: unknown): Uint8Array<ArrayBuffer> => new TextEncoder().encode(JSON.stringify(value));

for (const rule of [{ kind: 'relu' }, { kind: 'topk', k: 2 }, { kind: 'threshold' }] as const)
  test(`a folder with the ${rule.kind} rule is read back bit for bit`, async () => {
    const weights = weightsOf(rule);
    const files = writeSaeLens(weights, META, { modelName: 'tiny' });
    const back = await readSaeLens(files);
    expect(back.weights).toEqual(weights);
    expect(back.meta).toEqual(META);
  });

test('a folder in f16 is half as large and reads back as the nearest halves', async () => {
  const weights = weightsOf({ kind: 'topk', k: 2 });
  const files = writeSaeLens(weights, META, { modelName: 'tiny' }, 'F16');
  const { weights: back } = await readSaeLens(files);
  for (const name of ['W_enc', 'b_enc', 'W_dec', 'b_dec'] as const)
    back[name].forEach((x, i) => {
      const exact = weights[name][i] as number;
      expect(Math.abs(x - exact)).toBeLessThanOrEqual(Math.abs(exact) * 2 ** -11 + 2 ** -25);
    });
  expect(JSON.parse(new TextDecoder().decode(files['cfg.json'])).dtype).toBe('float16');
  const wide = writeSaeLens(back, META, { modelName: 'tiny' });
  const size = (f: typeof files): number => f['sae_weights.safetensors']?.length ?? 0;
  expect(size(wide) - size(files)).toBeGreaterThan(2 * (15 + 5 + 15 + 3) - 64);
});

test('cfg.json names what SAELens needs', () => {
  const files = writeSaeLens(weightsOf({ kind: 'topk', k: 2 }), META, { modelName: 'tiny', contextSize: 64 });
  const cfg = JSON.parse(new TextDecoder().decode(files['cfg.json']));
  expect(cfg).toMatchObject({
    architecture: 'topk',
    k: 2,
    rescale_acts_by_decoder_norm: false,
    apply_b_dec_to_input: true,
    normalize_activations: 'none',
    reshape_activations: 'hook_z',
    metadata: { sae_lens_version: '6.18.0', hook_name: META.site, model_name: 'tiny', context_size: 64 },
  });
});

test('the encoder is stored as [d_in, d_sae]', async () => {
  const weights = weightsOf({ kind: 'relu' });
  const files = writeSaeLens(weights, META, { modelName: 'tiny' });
  const { openSafetensors } = await import('#io/safetensors.ts');
  const file = await openSafetensors(files['sae_weights.safetensors']!, 'x');
  expect(file.tensors.get('W_enc')?.shape).toEqual([3, 5]);
  expect((await file.f32('W_enc'))[1 * 5 + 4]).toBe(weights.W_enc[4 * 3 + 1]);
});

const tensors = (o: Record<string, TensorData>): Uint8Array<ArrayBuffer> => writeSafetensors(o);

test('gated SAEs fold into thresholds', async () => {
  const [W_enc, W_dec, b_dec] = [draw(15), draw(15), draw(3)];
  const [r_mag, b_mag, b_gate] = [draw(5), draw(5), draw(5)];
  const { weights } = await readSaeLens({
    'layer/cfg.json': json({ ...D, architecture: 'gated', normalize_activations: 'none', hook_name: 'h' }),
    'layer/sae_weights.safetensors': tensors({
      W_enc: { shape: [3, 5], data: W_enc },
      W_dec: { shape: [5, 3], data: W_dec },
      b_dec: { shape: [3], data: b_dec },
      r_mag: { shape: [5], data: r_mag },
      b_mag: { shape: [5], data: b_mag },
      b_gate: { shape: [5], data: b_gate },
    }),
  });
  const x = draw(3);
  for (let f = 0; f < 5; f++) {
    let p = 0;
    for (let i = 0; i < 3; i++) p += x[i]! * W_enc[i * 5 + f]!;
    const gated = p + b_gate[f]! > 0 ? Math.max(0, Math.exp(r_mag[f]!) * p + b_mag[f]!) : 0;
    let pre = weights.b_enc[f]!;
    for (let i = 0; i < 3; i++) pre += x[i]! * weights.W_enc[f * 3 + i]!;
    expect(pre > weights.theta![f]! ? pre : 0).toBeCloseTo(gated, 5);
  }
});

test('rescaling by decoder norms is folded into the encoder', async () => {
  const weights = weightsOf({ kind: 'topk', k: 2 });
  const files = writeSaeLens(weights, META, { modelName: 'tiny' });
  const cfg = JSON.parse(new TextDecoder().decode(files['cfg.json']));
  const back = await readSaeLens({
    ...files,
    'cfg.json': json({ ...cfg, rescale_acts_by_decoder_norm: true }),
  });
  for (let f = 0; f < 5; f++) {
    const norm = Math.hypot(...weights.W_dec.subarray(f * 3, f * 3 + 3));
    expect(back.weights.b_enc[f]).toBeCloseTo(weights.b_enc[f]! * norm, 5);
    expect(Math.hypot(...back.weights.W_dec.subarray(f * 3, f * 3 + 3))).toBeCloseTo(1, 5);
  }
});

test('what cannot be read is refused with the reason', async () => {
  const files = writeSaeLens(weightsOf({ kind: 'relu' }), META, { modelName: 'tiny' });
  const cfg = JSON.parse(new TextDecoder().decode(files['cfg.json']));
  const withCfg = (o: object) => readSaeLens({ ...files, 'cfg.json': json({ ...cfg, ...o }) });
  await expect(withCfg({ normalize_activations: 'layer_norm' })).rejects.toThrow("'layer_norm'");
  await expect(withCfg({ architecture: 'transcoder' })).rejects.toThrow("architecture 'transcoder'");
  await expect(withCfg({ d_sae: 6 })).rejects.toThrow('W_enc is [3,5], cfg.json says [3,6]');
  await expect(withCfg({ architecture: 'topk' })).rejects.toThrow('no k');
  await expect(withCfg({ architecture: 'topk', k: 6 })).rejects.toThrow('k = 6 exceeds d_sae');
  const spoilt = weightsOf({ kind: 'relu' });
  spoilt.b_dec[1] = Number.NaN;
  const broken = writeSaeLens(spoilt, META, { modelName: 'tiny' });
  await expect(readSaeLens(broken)).rejects.toThrow('b_dec holds NaN at element 1');
  await expect(withCfg({ architecture: 'jumprelu' })).rejects.toThrow('no tensor threshold');
  await expect(readSaeLens({ 'cfg.json': files['cfg.json']! })).rejects.toThrow('no sae_weights.safetensors');
});
