// node scripts/run.mjs golden/export_saelens <folder> [--driver lavapipe]
// Writes one SAELens folder for each inference rule, from seeds, with rows and what our own kernels make of them
// (rows.safetensors: x, acts, recon), one of a gated SAE, and one of each variant after thirty steps of our trainer. scripts/golden/saelens_roundtrip.py reads them with the
// real sae-lens.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeRng } from '#base/rng.ts';
import { openNode } from '#gpu/open_node.ts';
import { writeSafetensors } from '#io/safetensors.ts';
import { foldGated } from '#sae/fold_gated.ts';
import { writeSaeLens } from '#sae/formats/saelens.ts';
import { decodeCode, denseActs, encodePreActs, makeCode, selectCode } from '#sae/inference.ts';
import type { ActivationSource } from '#sae/sae.ts';
import { trainSae } from '#sae/train.ts';
import type { ActRuleSpec, SaeVariant } from '#sae/variant.ts';
import { VARIANTS } from '#sae/variants/index.ts';
import { type SaeMeta, type SaeWeights, saeOnGpu } from '#sae/weights.ts';

const [D_IN, D_SAE, N] = [24, 96, 40];
const RULES: readonly ActRuleSpec[] = [{ kind: 'relu' }, { kind: 'topk', k: 7 }, { kind: 'threshold' }];
/** Folders and the weights in them. */
const FOLDERS = new Map([...RULES.map((r) => [r.kind, weightsOf(r)] as const), ['gated', gatedWeights()]]);

/** Mean and spread of the entries of x, far from zero mean and unit size. */
const TRAINED_ROWS = [1, 3] as const;

const out = process.argv[2];
if (!out) throw new Error('export_saelens: no folder given. Next: name one to write to.');
const driver = process.argv.indexOf('--driver');
const gpu = await openNode(driver < 0 ? {} : { driver: process.argv[driver + 1] as 'lavapipe' });
for (const [name, weights] of FOLDERS) await exportOne(name, weights, join(out, name));
for (const variant of VARIANTS)
  await exportOne(`trained ${variant.id}`, await trained(variant), join(out, `trained ${variant.id}`));
gpu[Symbol.dispose]();
console.log(`export_saelens: ${FOLDERS.size + VARIANTS.length} folders under ${out}`);
process.exit(0);

/** Seeded weights; biases and norms are never trivial (decision 26). */
function weightsOf(actRule: ActRuleSpec): SaeWeights {
  const rng = makeRng(`export ${actRule.kind}`);
  const draw = (n: number, scale: number): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: n }, () => scale * rng.normal());
  return {
    d_in: D_IN,
    d_sae: D_SAE,
    actRule,
    applyBDecToInput: true,
    W_enc: draw(D_SAE * D_IN, 0.3),
    b_enc: draw(D_SAE, 0.3),
    W_dec: draw(D_SAE * D_IN, 0.3),
    b_dec: draw(D_IN, 0.3),
    ...(actRule.kind === 'threshold' && { theta: draw(D_SAE, 0.5).map(Math.abs) }),
  };
}

/** The same draws read as a gated encoder; inference uses its folded form. */
function gatedWeights(): SaeWeights {
  const plain = weightsOf({ kind: 'threshold' });
  const rng = makeRng('export gated');
  const draw = (): Float32Array<ArrayBuffer> =>
    Float32Array.from({ length: D_SAE }, () => 0.3 * rng.normal());
  const gated = { W_enc: plain.W_enc, b_gate: draw(), b_mag: draw(), r_mag: draw() };
  return { ...plain, ...foldGated(gated, D_IN), gated };
}

/** Thirty steps of a variant by our own trainer, thresholds calibrated, input scale folded. */
async function trained(variant: SaeVariant): Promise<SaeWeights> {
  const [batch, steps] = [64, 30];
  const config = { lr: 5e-3, ...(Object.hasOwn(variant.fields, 'k') && { k: 4 }) };
  const job = { variant: variant.id, config, d_sae: D_SAE, tokens: batch * steps, batch, seed: 1 };
  const run = trainSae(gpu, job, endless(), { write: async () => {} }, new AbortController().signal);
  for (;;) {
    const next = await run.next();
    if (next.done) return next.value.weights;
  }
}

/** Seeded rows with seeded gradients. */
function endless(): ActivationSource {
  const rng = makeRng('trained rows');
  const [mean, spread] = TRAINED_ROWS;
  const s = gpu.scope('rows');
  let row = 0;
  return {
    d_in: D_IN,
    hasGradient: true,
    get position() {
      return { block: 0, row };
    },
    async next(n) {
      row += n;
      const of = (shift: number): Float32Array<ArrayBuffer> =>
        Float32Array.from({ length: n * D_IN }, () => shift + spread * rng.normal());
      return { x: s.upload('x', [n, D_IN], 'f32', of(mean)), g: s.upload('g', [n, D_IN], 'f32', of(0)) };
    },
  };
}

async function exportOne(name: string, weights: SaeWeights, folder: string): Promise<void> {
  const meta: SaeMeta = {
    id: name,
    title: name,
    model: 'none',
    site: 'blocks.0.attn.hook_z',
    variant: name,
    excludedPositions: [],
  };
  const rng = makeRng('rows');
  // A trained SAE sees rows like those it was trained on.
  const [shift, spread] = name.startsWith('trained') ? TRAINED_ROWS : [0, 1];
  const data = Float32Array.from({ length: N * D_IN }, () => shift + spread * rng.normal());
  using sae = saeOnGpu(gpu, weights, meta);
  using s = gpu.scope('export');
  const x = s.upload('x', [N, D_IN], 'f32', data);
  const xc = s.tensor('xc', [N, D_IN], 'f32');
  const pre_acts = s.tensor('pre_acts', [N, D_SAE], 'f32');
  const acts = s.tensor('acts', [N, D_SAE], 'f32');
  const recon = s.tensor('recon', [N, D_IN], 'f32');
  const code = makeCode(s, sae, N, D_SAE);
  const rec = gpu.record('export');
  encodePreActs(rec, sae, { x, xc, pre_acts });
  denseActs(rec, sae, { pre_acts, acts });
  selectCode(rec, sae, { pre_acts, code });
  decodeCode(rec, sae, { code, recon });
  await rec.submit();
  mkdirSync(folder, { recursive: true });
  const files = writeSaeLens(weights, meta, { modelName: 'none', contextSize: 32, prependBos: true });
  for (const [file, bytes] of Object.entries(files)) writeFileSync(join(folder, file), bytes);
  const rows = writeSafetensors({
    x: { shape: [N, D_IN], data },
    acts: { shape: [N, D_SAE], data: await gpu.readF32(acts) },
    recon: { shape: [N, D_IN], data: await gpu.readF32(recon) },
  });
  writeFileSync(join(folder, 'rows.safetensors'), rows);
}
