import { WorkbenchError } from '#base/errors.ts';
import { contentId } from '#io/hash.ts';
import { type FolderSource, readJson } from '#io/sources.ts';
import type { ModelConfig } from '#model/config.ts';
import { familyOf } from '#model/families/index.ts';
import { readModel } from '#model/load.ts';
import type { LanguageModel } from '#model/model.ts';
import { idTokenizer, loadTokenizer, type Tokenizer } from '#text/tokenizer.ts';
import { finish, withProgress } from './answer.ts';
import type { EmbeddedPack } from './embedded.ts';
import type { Host } from './host.ts';
import type { Progress } from './protocol/common.ts';
import type { ModelConfigInfo, ModelInfo } from './protocol/models.ts';
import { Shared } from './shared.ts';
import { Workspaces } from './workspaces.ts';

/** A model that requests run on: files, tokenizer and, once a request needs it, weights on the GPU. */
export interface LoadedModel {
  readonly info: ModelInfo;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  /** Set when this is the shipped model. */
  readonly pack: EmbeddedPack | undefined;
  /** Files that were read, by name: what a copy on this device would hold. */
  readonly files: ReadonlyMap<string, Blob>;
  /** @throws WorkbenchError('gpu-unavailable') without a device. */
  readonly lm: LanguageModel;
  readonly workspaces: Workspaces;
  /** Held by whoever uses the weights for longer than one turn. */
  readonly shared: Shared;
}

export interface ModelSource {
  readonly folder: FolderSource;
  readonly source: string;
  readonly title?: string | undefined;
  readonly language?: ModelInfo['language'];
  readonly pack?: EmbeddedPack | undefined;
}

/** Remembers every file that it read, so that reading twice costs one transfer. */
export function remembering(folder: FolderSource, files: Map<string, Blob>): FolderSource {
  return {
    title: folder.title,
    names: folder.names,
    async *read(name, options) {
      const known = files.get(name);
      const blob = known ?? (yield* folder.read(name, options));
      if (blob) files.set(name, blob);
      return blob;
    },
  };
}

/** The config as the page reads it. */
export function infoOfConfig(c: ModelConfig): ModelConfigInfo {
  return {
    family: c.family,
    d_model: c.d_model,
    n_layers: c.n_layers,
    n_heads: c.n_heads,
    n_kv_heads: c.n_kv_heads,
    d_head: c.d_head,
    d_mlp: c.d_mlp,
    d_vocab: c.d_vocab,
    n_ctx: c.n_ctx,
    act: c.mlp.act,
    tiedUnembed: c.tiedUnembed,
  };
}

/** What the checkpoint calls itself, when that is a name and not a path of its maker's disk. */
function nameOf(json: Readonly<Record<string, unknown>>): string | undefined {
  const name = json['_name_or_path'];
  return typeof name === 'string' && /^[\w.-]+(\/[\w.-]+)?$/.test(name) ? name : undefined;
}

async function readTokenizer(
  folder: FolderSource,
  config: ModelConfig,
  signal?: AbortSignal,
): Promise<Tokenizer | undefined> {
  const json = await readJson(folder, 'tokenizer.json', { signal });
  if (!json) return undefined;
  const tokenizer = loadTokenizer(json, (await readJson(folder, 'tokenizer_config.json', { signal })) ?? {});
  if (tokenizer.vocabSize <= config.d_vocab) return tokenizer;
  throw new WorkbenchError(
    'format',
    `tokenizer.json has ${tokenizer.vocabSize} tokens, but the model's vocabulary has ${config.d_vocab}: it belongs to another model.`,
    { hint: 'Choose the tokenizer of this model, or leave it out: prompts are then token ids.' },
  );
}

const WEIGHT_FILE = /^(config\.json|.*\.safetensors)$/;

/** The id that readModel gives: over config.json and the weight files in order of name. */
async function idOf(files: ReadonlyMap<string, Blob>): Promise<string> {
  const weights = [...files].filter(([n]) => n.endsWith('.safetensors')).sort(([a], [b]) => (a < b ? -1 : 1));
  const config = files.get('config.json') ?? new Blob([]);
  return contentId(new Blob([await config.text()]), ...weights.map(([, blob]) => blob));
}

/** The shipped model as the list of models shows it while another one is loaded. */
export async function describePack(pack: EmbeddedPack): Promise<ModelInfo> {
  const files = new Map<string, Blob>();
  const folder = remembering(pack.folder, files);
  const config = familyOf((await readJson(folder, 'config.json')) ?? {}).config(
    (await readJson(folder, 'config.json')) ?? {},
  );
  await finish(folder.read('model.safetensors'));
  const info = {
    config: infoOfConfig(config),
    title: pack.title,
    source: 'embedded',
    hasTokenizer: true,
    loaded: false,
  };
  return {
    ...info,
    id: await idOf(files),
    bytes: weightBytes(files),
    defaultPrependBos: true,
    processing: 'raw',
    defaultPrompt: pack.prompt,
    language: pack.language,
  };
}

function weightBytes(files: ReadonlyMap<string, Blob>): number {
  return [...files].filter(([n]) => WEIGHT_FILE.test(n)).reduce((sum, [, blob]) => sum + blob.size, 0);
}

/**
 * Reads a model's files, its tokenizer and, when there is a device, its weights onto the GPU.
 *
 * The upload holds the background turn; the transfer before it does not, so a slow host delays nobody.
 * @throws WorkbenchError('format' | 'unsupported-model' | 'cancelled')
 */
export async function* openModel(
  host: Host,
  source: ModelSource,
  signal?: AbortSignal,
): AsyncGenerator<Progress, LoadedModel, void> {
  const files = new Map<string, Blob>();
  const folder = remembering(source.folder, files);
  const json = await readJson(folder, 'config.json', { signal });
  if (!json)
    throw new WorkbenchError('format', `${folder.title}: there is no config.json.`, {
      hint: 'Choose a Hugging Face folder with config.json, model.safetensors and tokenizer.json.',
    });
  const config = familyOf(json).config(json);
  const tokenizer = await readTokenizer(folder, config, signal);
  yield* withProgress(folder.read('model.safetensors', { signal }));
  const lm = host.maybeGpu ? yield* upload(host, folder, signal) : undefined;
  const info: ModelInfo = {
    id: lm?.id ?? (await idOf(files)),
    title: source.title ?? source.pack?.title ?? nameOf(json) ?? folder.title,
    source: source.source,
    bytes: weightBytes(files),
    config: infoOfConfig(config),
    defaultPrependBos: (tokenizer?.bosId ?? (tokenizer && config.bosId)) !== undefined,
    processing: 'raw',
    hasTokenizer: tokenizer !== undefined,
    defaultPrompt: source.pack?.prompt,
    language: source.pack?.language ?? source.language,
    loaded: true,
  };
  return make(host, {
    info,
    config,
    tokenizer: tokenizer ?? idTokenizer(config.d_vocab),
    pack: source.pack,
    files,
    lm,
  });
}

async function* upload(
  host: Host,
  folder: FolderSource,
  signal: AbortSignal | undefined,
): AsyncGenerator<Progress, LanguageModel, void> {
  const steps = host.scheduler.background(readModel(host.gpu, folder, signal), signal);
  for (;;) {
    const step = await steps.next();
    if (step.done) return step.value;
    yield { type: 'progress', what: 'weights to the GPU', ...step.value, unit: 'bytes' };
  }
}

type Parts = Pick<LoadedModel, 'info' | 'config' | 'tokenizer' | 'pack' | 'files'> & {
  readonly lm: LanguageModel | undefined;
};

function make(host: Host, parts: Parts): LoadedModel {
  const { lm } = parts;
  const workspaces = new Workspaces(lm);
  const shared = new Shared(() => {
    workspaces[Symbol.dispose]();
    lm?.[Symbol.dispose]();
  });
  return {
    ...parts,
    workspaces,
    shared,
    get lm() {
      if (lm) return lm;
      // Asking for the device gives the reason why there is none.
      const { label } = host.gpu.device;
      throw new WorkbenchError('internal', `The model was loaded before the device ${label}.`);
    },
  };
}
