import { openEmbedded } from '#engine/embedded.ts';
import type { Gpu } from '#gpu/device.ts';
import { readJson, readWhole } from '#io/sources.ts';
import { loadModel } from '#model/load.ts';
import type { LanguageModel } from '#model/model.ts';
import { readSaeLens } from '#sae/formats/saelens.ts';
import type { Sae } from '#sae/sae.ts';
import { saeOnGpu } from '#sae/weights.ts';
import { loadTokenizer, type Tokenizer } from '#text/tokenizer.ts';

/** The shipped files, as a page reads them. */
const shipped = await openEmbedded({ base: `${location.origin}/`, pack: new Map() });

/** Layers that have an SAE in the pack. */
export const SAE_COUNT = shipped.saes.length;

/** The shipped tokenizer. */
export const tokenizer: Tokenizer = loadTokenizer(await readJson(shipped.folder, 'tokenizer.json'));

/** The shipped model with its f16 weights. */
export function shippedModel(gpu: Gpu): Promise<LanguageModel> {
  return loadModel(gpu, shipped.folder);
}

/** The shipped SAE number `i`. */
export async function shippedSae(gpu: Gpu, i: number): Promise<Sae> {
  const { weights, meta } = await readSaeLens(await saeFiles(i));
  return saeOnGpu(gpu, weights, meta);
}

/** The index file that belongs to SAE `i`. */
export function shippedIndex(i: number): Promise<Blob> {
  return fileOf(i, 'index.safetensors');
}

async function saeFiles(i: number): Promise<Record<string, Blob>> {
  const names = ['cfg.json', 'sae_weights.safetensors', 'headlight.json'];
  return Object.fromEntries(await Promise.all(names.map(async (name) => [name, await fileOf(i, name)])));
}

async function fileOf(i: number, name: string): Promise<Blob> {
  const folder = shipped.saes[i]?.folder;
  const blob = folder && (await readWhole(folder, name));
  if (!blob) throw new Error(`gates: the pack has no ${name} of SAE ${i}`);
  return blob;
}
