import { expect, test } from 'vitest';
import { makeRng } from '#base/rng.ts';
import { openSafetensors, type TensorData, writeSafetensors } from '#io/safetensors.ts';
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
  const file = await openSafetensors(files['sae_weights.safetensors']!, 'x');
  expect(file.tensors.get('W_enc')?.shape).toEqual([3, 5]);
  expect((await file.f32('W_enc'))[1 * 5 + 4]).toBe(weights.W_enc[4 * 3 + 1]);
});

const tensors = (o: Record<string, TensorData>): Uint8Array<ArrayBuffer> => writeSafetensors(o);

const GATED_CFG = { ...D, architecture: 'gated', normalize_activations: 'none', hook_name: 'h' };

function gatedFile(): {
  file: Record<string, TensorData>;
  b: Record<'r_mag' | 'b_mag' | 'b_gate', Float32Array>;
} {
  const b = { r_mag: draw(5), b_mag: draw(5), b_gate: draw(5) };
  const file = {
    W_enc: { shape: [3, 5], data: draw(15) },
    W_dec: { shape: [5, 3], data: draw(15) },
    b_dec: { shape: [3], data: draw(3) },
    ...Object.fromEntries(Object.entries(b).map(([name, data]) => [name, { shape: [5], data }])),
  };
  return { file, b };
}

test('gated SAEs fold into thresholds', async () => {
  const { file, b } = gatedFile();
  const W_enc = file['W_enc']!.data;
  const { weights } = await readSaeLens({
    'layer/cfg.json': json(GATED_CFG),
    'layer/sae_weights.safetensors': tensors(file),
  });
  const x = draw(3);
  for (let f = 0; f < 5; f++) {
    let p = 0;
    for (let i = 0; i < 3; i++) p += x[i]! * W_enc[i * 5 + f]!;
    const gated = p + b.b_gate[f]! > 0 ? Math.max(0, Math.exp(b.r_mag[f]!) * p + b.b_mag[f]!) : 0;
    let pre = weights.b_enc[f]!;
    for (let i = 0; i < 3; i++) pre += x[i]! * weights.W_enc[f * 3 + i]!;
    expect(pre > weights.theta![f]! ? pre : 0).toBeCloseTo(gated, 5);
  }
});

test('a gated SAE leaves with the tensors it came with, bit for bit', async () => {
  const { file } = gatedFile();
  const first = await readSaeLens({ 'cfg.json': json(GATED_CFG), 'sae_weights.safetensors': tensors(file) });
  const out = writeSaeLens(first.weights, META, { modelName: 'tiny' });
  const stored = await openSafetensors(out['sae_weights.safetensors']!, 'x');
  expect([...stored.tensors.keys()].sort()).toEqual(Object.keys(file).sort());
  for (const [name, { data }] of Object.entries(file))
    expect(Array.from(await stored.f32(name)), name).toEqual(Array.from(data));
  expect(JSON.parse(new TextDecoder().decode(out['cfg.json'])).architecture).toBe('gated');
  expect((await readSaeLens(out)).weights).toEqual(first.weights);
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

/** A folder of four plain tensors, W_dec rows far from unit norm, under another config and with other tensors. */
function folder(cfg: object, more: Record<string, TensorData> = {}) {
  const plain = {
    W_enc: { shape: [3, 5], data: draw(15) },
    b_enc: { shape: [5], data: draw(5) },
    W_dec: { shape: [5, 3], data: draw(15) },
    b_dec: { shape: [3], data: draw(3) },
  };
  const all: Record<string, TensorData> = { ...plain, ...more };
  const files = { 'cfg.json': json({ ...D, ...cfg }), 'sae_weights.safetensors': tensors(all) };
  return { files, plain };
}
const V6 = { metadata: { sae_lens_version: '6.18.0', hook_name: 'h' } };

test('a flat v5 config: topk by its activation function, b_dec subtracted unless it says otherwise', async () => {
  const v5 = {
    architecture: 'standard',
    activation_fn_str: 'topk',
    activation_fn_kwargs: { k: 2 },
    hook_name: 'h',
  };
  const { weights, meta } = await readSaeLens(folder(v5).files);
  expect(weights).toMatchObject({ actRule: { kind: 'topk', k: 2 }, applyBDecToInput: true });
  expect(meta.site).toBe('h');
  expect(meta.extra).toEqual({ saelens: { ...D, ...v5 } });
  const old = await readSaeLens(folder({ hook_point: 'blocks.1.x', apply_b_dec_to_input: false }).files);
  expect(old.weights).toMatchObject({ actRule: { kind: 'relu' }, applyBDecToInput: false });
  expect(old.meta.site).toBe('blocks.1.x');
});

test('training checkpoints: a batchtopk threshold is that of every feature, a log threshold is taken back', async () => {
  const scalar = { topk_threshold: { shape: [], data: Float64Array.of(0.7) } };
  for (const architecture of ['batchtopk', 'matryoshka_batchtopk']) {
    const { files, plain } = folder(
      { ...V6, architecture, k: 1.5, rescale_acts_by_decoder_norm: true },
      scalar,
    );
    const { weights } = await readSaeLens(files);
    expect(Array.from(weights.theta!)).toEqual(Array(5).fill(Math.fround(0.7)));
    const norm = Math.hypot(...plain.W_dec.data.subarray(3, 6));
    expect(weights.b_enc[1]).toBeCloseTo(plain.b_enc.data[1]! * norm, 5);
  }
  const log_threshold = { shape: [5], data: draw(5) };
  const { weights } = await readSaeLens(folder({ ...V6, architecture: 'jumprelu' }, { log_threshold }).files);
  weights.theta!.forEach((v, f) => {
    expect(v).toBeCloseTo(Math.exp(log_threshold.data[f]!), 5);
  });
});

test('the scale of activation_scaler.json is folded; without it the folder is refused', async () => {
  const { files, plain } = folder({ ...V6, normalize_activations: 'expected_average_only_in' });
  await expect(readSaeLens(files)).rejects.toThrow('no activation_scaler.json');
  const { weights } = await readSaeLens({ ...files, 'activation_scaler.json': json({ scaling_factor: 4 }) });
  expect(weights.W_enc[1]).toBe(4 * plain.W_enc.data[5]!);
  expect(weights.W_dec[1]).toBe(plain.W_dec.data[1]! / 4);
  expect(weights.b_dec[1]).toBe(plain.b_dec.data[1]! / 4);
  expect(weights.b_enc).toEqual(plain.b_enc.data);
});

test('a finetuning factor goes into the decoder; one that is switched off is refused', async () => {
  const scaling_factor = { shape: [5], data: draw(5) };
  const on = folder({ hook_name: 'h', finetuning_scaling_factor: true }, { scaling_factor });
  const { weights } = await readSaeLens(on.files);
  expect(weights.W_dec[4]).toBe(Math.fround(on.plain.W_dec.data[4]! * scaling_factor.data[1]!));
  await expect(readSaeLens(folder({ hook_name: 'h' }, { scaling_factor }).files)).rejects.toThrow(
    'not all ones',
  );
  const missing = folder({ hook_name: 'h', finetuning_scaling_factor: true }).files;
  await expect(readSaeLens(missing)).rejects.toThrow('no such tensor');
});

test('huge sizes, odd dtypes and tensors of unknown meaning are refused before memory is taken', async () => {
  const rejects = (cfg: object, more: Record<string, TensorData>, why: string) =>
    expect(readSaeLens(folder({ ...V6, ...cfg }, more).files)).rejects.toThrow(why);
  await rejects({ d_in: 65_536, d_sae: 16_777_216 }, {}, 'at most 2048 MiB are read');
  await rejects(
    { d_sae: 1e12 },
    {},
    'd_sae = 1000000000000 in cfg.json is not a whole number from 1 to 16777216',
  );
  await rejects({ d_in: '3' }, {}, 'd_in = 3 in cfg.json');
  await rejects({}, { b_enc: { shape: [5], data: new Int32Array(5) } }, 'b_enc has dtype I32');
  await rejects({}, { W_skip: { shape: [3, 3], data: draw(9) } }, 'tensor W_skip is not part');
  await rejects({}, { b_dec: { shape: [3, 1], data: draw(3) } }, 'b_dec is [3,1], cfg.json says [3]');
  await rejects({ architecture: 'batchtopk' }, {}, 'no tensor topk_threshold');
  await rejects({ normalize_activations: 'covariance_whitening' }, {}, 'matrices are not in the folder');
  await expect(readSaeLens(folder({ activation_fn_str: 'tanh-relu' }).files)).rejects.toThrow("'tanh-relu'");
  const r_mag = { shape: [5], data: new Float32Array(5).fill(99) };
  const { file } = gatedFile();
  const files = { 'cfg.json': json(GATED_CFG), 'sae_weights.safetensors': tensors({ ...file, r_mag }) };
  await expect(readSaeLens(files)).rejects.toThrow('exp(r_mag) of feature 0 overflows');
  const big = new Uint8Array(16 * 2 ** 20 + 1).fill(32);
  await expect(readSaeLens({ ...files, 'cfg.json': big })).rejects.toThrow('at most 16777216 are read');
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
