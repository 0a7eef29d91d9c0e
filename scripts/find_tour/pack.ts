import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type FeatureIndex, openIndex } from '#analysis/index_store.ts';
import type { Gpu } from '#gpu/device.ts';
import { openSafetensors } from '#io/safetensors.ts';
import { droppedFiles } from '#io/sources.ts';
import { hookLayer } from '#model/hooks.ts';
import { loadModel } from '#model/load.ts';
import type { LanguageModel } from '#model/model.ts';
import { readSaeLens } from '#sae/formats/saelens.ts';
import type { Sae } from '#sae/sae.ts';
import { type SaeWeights, saeOnGpu } from '#sae/weights.ts';
import { loadTokenizer, type Tokenizer } from '#text/tokenizer.ts';

/** One shipped SAE with its weights on both sides and its index. */
export interface PackSae {
  readonly layer: number;
  readonly sae: Sae;
  readonly weights: SaeWeights;
  readonly index: FeatureIndex;
}
/** The shipped model with its SAEs, in Node. */
export interface Pack {
  readonly gpu: Gpu;
  readonly model: LanguageModel;
  readonly tokenizer: Tokenizer;
  readonly saes: readonly PackSae[];
}

const ROOT = 'public/embedded';

/** Opens the pack that current.json names, SAEs in the order of their layers; the SAEs of `saesDir` where one is named. */
export async function openPack(gpu: Gpu, saesDir?: string): Promise<Pack> {
  const { pack } = JSON.parse(readFileSync(join(ROOT, 'current.json'), 'utf8')) as { pack: string };
  const dir = join(ROOT, pack);
  const saesIn = saesDir ?? join(dir, 'saes');
  const blob = (path: string): Blob => new Blob([readFileSync(path)]);
  const own = readdirSync(dir).filter((n) => /\.(json|safetensors)$/.test(n));
  const model = await loadModel(
    gpu,
    droppedFiles(own.map((name) => ({ name, blob: blob(join(dir, name)) }))),
  );
  const tokenizer = loadTokenizer(JSON.parse(await blob(join(dir, 'tokenizer.json')).text()));
  const saes: PackSae[] = [];
  const folders = existsSync(saesIn) ? readdirSync(saesIn) : [];
  for (const folder of folders) {
    const names = readdirSync(join(saesIn, folder));
    const files = Object.fromEntries(names.map((n) => [n, blob(join(saesIn, folder, n))]));
    const { weights, meta } = await readSaeLens(files);
    const index = await openIndex(await openSafetensors(files['index.safetensors'] as Blob, folder));
    const sae = saeOnGpu(gpu, weights, meta);
    saes.push({ layer: hookLayer(sae.site as `blocks.${number}.attn.hook_z`) ?? 0, sae, weights, index });
  }
  return { gpu, model, tokenizer, saes: saes.sort((a, b) => a.layer - b.layer) };
}
