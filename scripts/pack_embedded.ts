// node scripts/run.mjs pack_embedded [--model .cache/train_model] [--saes FOLDER]
// Writes public/embedded/<hash>/ and current.json, and deletes the pack that was current. Without --model the model
// files of the current pack are kept; without --saes its SAEs are. FOLDER holds <layer>/<files>.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Sizes } from '#model/init.ts';
import { readF32, toSafetensors } from './train_model/safetensors.ts';

const ROOT = 'public/embedded';
const TITLE = 'Storyland 3L';
const PROMPT =
  'When Mary and John went to the harbor, John gave a boat to Mary. “The anchor is heavy,” said John.\nEcho : lantern violin tiger crab lantern violin tiger crab';
const MODEL_FILES = ['config.json', 'model.safetensors', 'tokenizer.json', 'corpus.bin'];
const MOST_MODEL_BYTES = 2 * 2 ** 20;
const MOST_PACK_BYTES = 12 * 2 ** 20;

type Files = Map<string, Uint8Array>;

main();

function main(): void {
  const current = currentPack();
  const files: Files = new Map();
  const model = option('--model');
  for (const [name, bytes] of model ? modelFiles(model) : kept(current, (n) => MODEL_FILES.includes(n)))
    files.set(name, bytes);
  const saes = option('--saes');
  for (const [name, bytes] of saes ? folderFiles(saes, 'saes') : kept(current, (n) => n.startsWith('saes/')))
    files.set(name, bytes);
  const hash = writePack(files);
  if (current && current !== hash) rmSync(join(ROOT, current), { recursive: true });
  writeFileSync(join(ROOT, 'current.json'), `${JSON.stringify({ pack: hash })}\n`);
  console.log(`pack_embedded: ${hash}, ${files.size} files, ${total(files)} bytes`);
}

/** Name of the folder: SHA-256 over the sorted lines "name sha256", first 16 hex digits; the manifest is not in it. */
function writePack(files: Files): string {
  const entries = [...files]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, bytes]) => ({ name, bytes: bytes.length, sha256: sha256(bytes) }));
  check(files);
  const hash = sha256(entries.map((e) => `${e.name} ${e.sha256}\n`).join('')).slice(0, 16);
  const config = JSON.parse(new TextDecoder().decode(files.get('config.json'))) as { n_positions: number };
  const manifest = {
    version: 1,
    title: TITLE,
    files: entries,
    saes: saesOf(files),
    prompt: PROMPT,
    ctx: config.n_positions,
    language: 'storyland',
    license: 'MIT',
  };
  for (const [name, bytes] of files) writeBelow(join(ROOT, hash, name), bytes);
  writeBelow(join(ROOT, hash, 'manifest.json'), `${JSON.stringify(manifest, undefined, 1)}\n`);
  return hash;
}

/** One entry per folder saes/<layer>. */
function saesOf(files: Files): { path: string; site: string; files: string[] }[] {
  const layers = new Set(
    [...files.keys()].filter((n) => n.startsWith('saes/')).map((n) => n.split('/')[1] as string),
  );
  return [...layers].sort().map((layer) => ({
    path: `saes/${layer}`,
    site: `blocks.${layer}.attn.hook_z`,
    files: [...files.keys()]
      .filter((n) => n.startsWith(`saes/${layer}/`))
      .map((n) => n.slice(6 + layer.length)),
  }));
}

function check(files: Files): void {
  const small = (files.get('model.safetensors')?.length ?? 0) + (files.get('tokenizer.json')?.length ?? 0);
  for (const name of MODEL_FILES)
    if (!files.has(name))
      throw new Error(
        `pack_embedded: ${name} is missing. Next: train with npm run train:model, then pass --model .cache/train_model.`,
      );
  if (small > MOST_MODEL_BYTES)
    throw new Error(`pack_embedded: model and tokenizer are ${small} bytes, at most ${MOST_MODEL_BYTES}`);
  if (total(files) > MOST_PACK_BYTES)
    throw new Error(`pack_embedded: the pack is ${total(files)} bytes, at most ${MOST_PACK_BYTES}`);
}

function modelFiles(folder: string): Files {
  const read = (name: string): Uint8Array => readFileSync(join(folder, name));
  const plan = JSON.parse(read('plan.json').toString()) as { sizes: Sizes };
  const config = {
    model_type: 'gpt2',
    architectures: ['GPT2LMHeadModel'],
    ...plan.sizes,
    n_inner: 4 * plan.sizes.n_embd,
    n_ctx: plan.sizes.n_positions,
    activation_function: 'gelu_new',
    layer_norm_epsilon: 1e-5,
    tie_word_embeddings: true,
    bos_token_id: 0,
    eos_token_id: 0,
    attn_pdrop: 0,
    embd_pdrop: 0,
    resid_pdrop: 0,
    torch_dtype: 'float16',
  };
  return new Map([
    ['config.json', new TextEncoder().encode(`${JSON.stringify(config, undefined, 1)}\n`)],
    ['model.safetensors', toSafetensors(readF32(new Uint8Array(read('checkpoint.safetensors'))), 'F16')],
    ['tokenizer.json', read('tokenizer.json')],
    ['corpus.bin', read('corpus.u16')],
  ]);
}

function kept(pack: string | undefined, wanted: (name: string) => boolean): Files {
  return pack ? new Map([...folderFiles(join(ROOT, pack), '')].filter(([name]) => wanted(name))) : new Map();
}

function folderFiles(folder: string, prefix: string): Files {
  const files: Files = new Map();
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (statSync(join(folder, name)).isFile())
      files.set(join(prefix, name), readFileSync(join(folder, name)));
  }
  return files;
}

function currentPack(): string | undefined {
  const path = join(ROOT, 'current.json');
  if (!existsSync(path)) return undefined;
  const { pack } = JSON.parse(readFileSync(path, 'utf8')) as { pack: string };
  return existsSync(join(ROOT, pack)) ? pack : undefined;
}

function option(name: string): string | undefined {
  const at = process.argv.indexOf(name);
  return at < 0 ? undefined : process.argv[at + 1];
}

function total(files: Files): number {
  return [...files.values()].reduce((sum, bytes) => sum + bytes.length, 0);
}

function sha256(data: Uint8Array | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function writeBelow(path: string, data: Uint8Array | string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, data);
}
