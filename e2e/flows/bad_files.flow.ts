import type { Page } from '@playwright/test';
import { makeRng } from '#base/rng.ts';
import { type TensorData, writeSafetensors } from '#io/safetensors.ts';
import { expect, featureRows, open, promptBox, test, tokens } from './support.ts';

interface InputFile {
  readonly name: string;
  readonly mimeType: string;
  readonly buffer: Buffer;
}

const CONFIG = {
  model_type: 'gpt2',
  n_embd: 8,
  n_head: 2,
  n_layer: 1,
  n_positions: 16,
  vocab_size: 11,
  n_inner: 12,
  bos_token_id: 0,
};
/** Every tensor of a model with CONFIG, by its name in the file. */
const SHAPES: Readonly<Record<string, readonly number[]>> = {
  'wte.weight': [11, 8],
  'wpe.weight': [16, 8],
  'h.0.ln_1.weight': [8],
  'h.0.ln_1.bias': [8],
  'h.0.attn.c_attn.weight': [8, 24],
  'h.0.attn.c_attn.bias': [24],
  'h.0.attn.c_proj.weight': [8, 8],
  'h.0.attn.c_proj.bias': [8],
  'h.0.ln_2.weight': [8],
  'h.0.ln_2.bias': [8],
  'h.0.mlp.c_fc.weight': [8, 12],
  'h.0.mlp.c_fc.bias': [12],
  'h.0.mlp.c_proj.weight': [12, 8],
  'h.0.mlp.c_proj.bias': [8],
  'ln_f.weight': [8],
  'ln_f.bias': [8],
};

const size = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1);

function seeded(): Record<string, TensorData> {
  const rng = makeRng('bad_files');
  const tensor = (name: string, shape: readonly number[]): TensorData => ({
    shape,
    data: Float32Array.from({ length: size(shape) }, () => 0.3 * rng.fork(name).normal()),
  });
  return Object.fromEntries(Object.entries(SHAPES).map(([name, shape]) => [name, tensor(name, shape)]));
}

const asFile = (name: string, bytes: Uint8Array | string): InputFile => ({
  name,
  mimeType: 'application/octet-stream',
  buffer: Buffer.from(bytes),
});
const config = asFile('config.json', JSON.stringify(CONFIG));
const weights = (tensors: Record<string, TensorData>): InputFile =>
  asFile('model.safetensors', writeSafetensors(tensors));
const goodBytes = (): Uint8Array => writeSafetensors(seeded());

/** A header length beyond the file, as a bomb or a wrong file has it. */
function withHeaderLength(bytes: Uint8Array, length: bigint): Uint8Array {
  const out = bytes.slice();
  new DataView(out.buffer).setBigUint64(0, length, true);
  return out;
}

function nanFilled(): Record<string, TensorData> {
  const tensors = seeded();
  tensors['h.0.attn.c_proj.weight'] = { shape: [8, 8], data: new Float32Array(64).fill(Number.NaN) };
  return tensors;
}

/** A byte-level tokenizer whose vocabulary is larger than the model's. */
const FOREIGN_TOKENIZER = JSON.stringify({
  version: '1.0',
  model: {
    type: 'BPE',
    vocab: Object.fromEntries(Array.from({ length: 40 }, (_, i) => [String.fromCodePoint(0x41 + i), i])),
    merges: [],
  },
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
});

async function chooseModel(page: Page, files: readonly InputFile[]): Promise<void> {
  await page.getByLabel('Model files …').setInputFiles([...files]);
}

/** One sentence with the cause, a next step, and the model that was there before still works. */
async function expectRefusal(page: Page, cause: RegExp): Promise<void> {
  const note = page.locator('section.panel .note.bad');
  await expect(note).toHaveCount(1);
  await expect(note).toContainText(cause);
  await expect(note.locator('p')).toHaveCount(2); // the sentence and the next step
  await page.getByRole('button', { name: 'Prompt', exact: true }).click();
  await promptBox(page).fill('Anna went home.');
  await expect(tokens(page).nth(1)).toHaveText('Anna');
  await expect(featureRows(page).first()).toBeVisible();
}

const withTensor = (name: string, data: TensorData | undefined): Record<string, TensorData> => {
  const all = seeded();
  if (data) all[name] = data;
  else delete all[name];
  return all;
};

/** What is wrong with the folder, its files, and what the sentence must say. */
const BAD: readonly (readonly [what: string, files: readonly InputFile[], cause: RegExp])[] = [
  [
    'is cut off',
    [config, asFile('model.safetensors', goodBytes().slice(0, -100))],
    /truncated|lies at bytes/,
  ],
  [
    'claims a header larger than itself',
    [config, asFile('model.safetensors', withHeaderLength(goodBytes(), 2n ** 60n))],
    /header of 1152921504606846976 bytes/,
  ],
  [
    'has a header that is no JSON',
    [config, asFile('model.safetensors', withHeaderLength(goodBytes(), 40n))],
    /header is not JSON/,
  ],
  [
    'is filled with NaN',
    [config, weights(nanFilled())],
    /h\.0\.attn\.c_proj\.weight.*(NaN|not finite|finite)/,
  ],
  [
    'holds weights of a wrong dtype',
    [config, weights(withTensor('wte.weight', { shape: [11, 8], data: new Int32Array(88) }))],
    /wte\.weight.*I32/,
  ],
  [
    'holds weights of a wrong shape',
    [config, weights(withTensor('wpe.weight', { shape: [4, 8], data: new Float32Array(32) }))],
    /wpe\.weight/,
  ],
  ['lacks a tensor', [config, weights(withTensor('ln_f.bias', undefined))], /ln_f\.bias/],
  ['has no config.json', [weights(seeded())], /no config\.json/],
  [
    'is of a family that is not known',
    [asFile('config.json', JSON.stringify({ ...CONFIG, model_type: 'mamba' })), weights(seeded())],
    /mamba/,
  ],
  [
    'has the tokenizer of another model',
    [config, weights(seeded()), asFile('tokenizer.json', FOREIGN_TOKENIZER)],
    /tokenizer\.json has 40 tokens.*belongs to another model/,
  ],
  [
    'has a tokenizer.json that is no JSON',
    [config, weights(seeded()), asFile('tokenizer.json', '{"version": "1.0", ')],
    /tokenizer\.json/,
  ],
];
for (const [what, files, cause] of BAD)
  test(`a model folder that ${what} is refused in one sentence and the model before stays`, async ({
    page,
  }) => {
    await open(page, '#/v1/load');
    await expect(page.getByText('in use').first()).toBeVisible();
    await chooseModel(page, files);
    await expectRefusal(page, cause);
  });

test('a model folder without a tokenizer loads, and prompts are token ids', async ({ page }) => {
  await open(page, '#/v1/load');
  await chooseModel(page, [config, weights(seeded())]);
  await expect(page.getByText('This model came without a tokenizer: prompts are token ids.')).toBeVisible();
  const ids = page.getByRole('textbox', { name: 'Token ids' });
  await ids.fill('1 2 3');
  await expect(page.getByText(/This model has no SAE yet/)).toBeVisible();
  const loss = await page.evaluate(async () => (await window.headlight.forward([1, 2, 3])).loss);
  expect(Number.isFinite(loss)).toBe(true);
});

test('an SAE folder whose weights are damaged is refused in one sentence', async ({ page }) => {
  const cfg = { architecture: 'topk', d_in: 128, d_sae: 16, k: 4, dtype: 'float32' };
  await open(page, '#/v1/load');
  await page
    .getByLabel('SAE files …')
    .setInputFiles([
      asFile('cfg.json', JSON.stringify(cfg)),
      asFile(
        'sae_weights.safetensors',
        writeSafetensors({ W_dec: { shape: [3], data: new Float32Array(3) } }),
      ),
    ]);
  await expectRefusal(page, /W_|sae_weights/);
});
