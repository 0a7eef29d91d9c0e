import { type FeatureIndex, openIndex } from '#analysis/index_store.ts';
import { WorkbenchError } from '#base/errors.ts';
import type { CatalogRecord } from '#io/catalog.ts';
import { openSafetensors } from '#io/safetensors.ts';
import { type FolderSource, readJson, readWhole } from '#io/sources.ts';
import { readSaeLens } from '#sae/formats/saelens.ts';
import type { Sae } from '#sae/sae.ts';
import { saeOnGpu } from '#sae/weights.ts';
import type { EmbeddedPack } from './embedded.ts';
import type { Host } from './host.ts';
import { type LoadedModel, remembering } from './loaded_model.ts';
import type { SaeInfo } from './protocol/models.ts';
import { infoOf } from './sae_files.ts';
import { Shared } from './shared.ts';

/** Record of an SAE in the catalogue; its files are `sae_<id>.<name>` in the store. */
export interface SaeRecord extends CatalogRecord {
  readonly info: SaeInfo;
  readonly files: readonly string[];
}
/** An SAE that is known, wherever its files are. */
export interface SaeEntry {
  readonly info: SaeInfo;
  /** The folder's files, the index left out. */
  files(): Promise<Readonly<Record<string, Blob>>>;
  index(): Promise<Blob | undefined>;
  /** truth.json: the table of what its features track. */
  truth(): Promise<Blob | undefined>;
}
/** An SAE on the GPU. */
export interface LoadedSae {
  readonly info: SaeInfo;
  readonly sae: Sae;
  readonly shared: Shared;
}

export const saeFile = (id: string, name: string): string => `sae_${id}.${name}`;
export const indexFile = (id: string): string => `index_${id}.safetensors`;
export const truthFileName = (id: string): string => `truth_${id}.json`;

/** SAEs that stay on the GPU; the two of the embedded model and some of one's own. */
const MAX_ON_GPU = 4;
const FILES = ['cfg.json', 'sae_weights.safetensors', 'headlight.json'];
const TRUTH = 'truth.json';
const isIndex = (name: string): boolean => /index.*\.safetensors$/.test(name);

function missing(id: string): WorkbenchError {
  return new WorkbenchError('format', `There is no SAE ${id.slice(0, 64)} on this device.`, {
    hint: 'Choose one in the load view, or ask the sender for its files.',
  });
}

/** Every SAE that can be used: those of the embedded pack and those in the catalogue. */
export class SaeLibrary {
  readonly #host: Host;
  readonly #model: () => LoadedModel | undefined;
  readonly #embedded = new Map<string, SaeEntry>();
  readonly #onGpu = new Map<string, Promise<LoadedSae>>();
  readonly #indexes = new Map<string, FeatureIndex>();
  #reading: { readonly pack: EmbeddedPack; readonly done: Promise<void> } | undefined;

  constructor(host: Host, model: () => LoadedModel | undefined) {
    this.#host = host;
    this.#model = model;
  }

  async list(): Promise<readonly SaeInfo[]> {
    await this.#readPack();
    const stored = await this.#host.catalog.all<SaeRecord>('sae');
    const own = stored.map((r) => r.info).filter((i) => !this.#embedded.has(i.id));
    own.sort((a, b) => (b.createdAt ?? '').localeCompare(a.createdAt ?? ''));
    return [...[...this.#embedded.values()].map((e) => e.info), ...own];
  }

  /** @throws WorkbenchError('format') when nobody knows the id. */
  async entry(id: string): Promise<SaeEntry> {
    if (typeof id !== 'string') throw missing(String(id));
    await this.#readPack();
    const record = this.#embedded.has(id) ? undefined : await this.#host.catalog.get<SaeRecord>('sae', id);
    const entry = this.#embedded.get(id) ?? (record && this.#stored(record));
    if (entry) return entry;
    throw missing(id);
  }

  /** The SAE on the GPU; what has not been used for longest makes room. */
  async load(id: string): Promise<LoadedSae> {
    const known = this.#onGpu.get(id);
    this.#onGpu.delete(id);
    const loading = known ?? this.#upload(id);
    this.#onGpu.set(id, loading);
    loading.catch(() => this.#onGpu.delete(id));
    for (const old of this.#onGpu.keys()) {
      if (this.#onGpu.size <= MAX_ON_GPU) break;
      this.#drop(old);
    }
    return loading;
  }

  /** @throws WorkbenchError('format') when the SAE has no index yet. */
  async index(id: string): Promise<FeatureIndex> {
    const known = this.#indexes.get(id);
    if (known) return known;
    const blob = await (await this.entry(id)).index();
    if (!blob)
      throw new WorkbenchError('format', 'This SAE has no feature index yet.', {
        hint: 'Build it: that reads the corpus once and takes about a minute.',
      });
    const index = await openIndex(await openSafetensors(blob, 'feature index'));
    this.#indexes.set(id, index);
    return index;
  }

  /** Puts an SAE into the store; what the disk refuses stays in this tab's memory, and the refusal is returned. */
  async add(info: SaeInfo, files: Readonly<Record<string, Blob>>): Promise<WorkbenchError | undefined> {
    let refusal: WorkbenchError | undefined;
    for (const [name, blob] of Object.entries(files))
      refusal = (await this.#keep(saeFile(info.id, name), blob, `the SAE '${info.title}'`)) ?? refusal;
    await this.#put({ id: info.id, info, files: Object.keys(files) });
    return refusal;
  }

  async addIndex(id: string, blob: Blob): Promise<void> {
    await this.#keep(indexFile(id), blob, 'the feature index');
    this.#indexes.delete(id);
    const record = await this.#host.catalog.get<SaeRecord>('sae', id);
    if (record) await this.#put({ ...record, info: { ...record.info, hasIndex: true } });
    const shipped = this.#embedded.get(id);
    if (shipped)
      this.#embedded.set(id, {
        ...shipped,
        info: { ...shipped.info, hasIndex: true },
        index: async () => blob,
      });
  }

  /** Keeps a truth table of an SAE that came without one. */
  async addTruth(id: string, blob: Blob): Promise<void> {
    await this.#keep(truthFileName(id), blob, 'the truth table');
    await this.update(id, { hasTruth: true });
    const shipped = this.#embedded.get(id);
    if (shipped)
      this.#embedded.set(id, {
        ...shipped,
        info: { ...shipped.info, hasTruth: true },
        truth: async () => blob,
      });
  }

  async update(id: string, change: Partial<SaeInfo>): Promise<SaeInfo | undefined> {
    const record = await this.#host.catalog.get<SaeRecord>('sae', id);
    if (!record) return undefined;
    const info = { ...record.info, ...change };
    await this.#put({ ...record, info });
    return info;
  }

  async remove(id: string): Promise<void> {
    const record = await this.#host.catalog.get<SaeRecord>('sae', id);
    this.#drop(id);
    this.#indexes.delete(id);
    for (const name of record?.files ?? []) await this.#host.store.delete(saeFile(id, name));
    await this.#host.store.delete(indexFile(id));
    await this.#host.store.delete(truthFileName(id));
    await this.#host.catalog.delete('sae', id);
  }

  async #keep(name: string, blob: Blob, what: string): Promise<WorkbenchError | undefined> {
    try {
      await this.#host.store.write(name, blob, what);
      return undefined;
    } catch (error) {
      this.#host.store.keep(name, blob);
      if (error instanceof WorkbenchError && error.code === 'storage') return error;
      throw error;
    }
  }

  async #put(record: SaeRecord): Promise<void> {
    // A full disk keeps the record in memory beside the files; storage() shows it.
    await this.#host.catalog.put('sae', record).catch(() => undefined);
    this.#host.notify({ type: 'storage-changed' });
  }

  #drop(id: string): void {
    const loading = this.#onGpu.get(id);
    this.#onGpu.delete(id);
    void loading?.then((l) => l.shared.retire()).catch(() => undefined);
  }

  async #upload(id: string): Promise<LoadedSae> {
    const gpu = this.#host.gpu;
    const entry = await this.entry(id);
    const { weights, meta } = await readSaeLens(await entry.files());
    const sae = saeOnGpu(gpu, weights, { ...meta, id });
    return { info: entry.info, sae, shared: new Shared(() => sae[Symbol.dispose]()) };
  }

  #stored(record: SaeRecord): SaeEntry {
    const { store } = this.#host;
    return {
      info: record.info,
      async files() {
        const found: Record<string, Blob> = {};
        for (const name of record.files) {
          const blob = await store.read(saeFile(record.id, name));
          if (!blob) throw missing(record.id);
          found[name] = blob;
        }
        return found;
      },
      index: () => store.read(indexFile(record.id)),
      truth: () => store.read(truthFileName(record.id)),
    };
  }

  /** Reads the two small files of each embedded SAE once; weights and index come when they are needed. */
  async #readPack(): Promise<void> {
    const model = this.#model();
    const pack = model?.pack;
    if (!model || !pack) return;
    if (this.#reading?.pack !== pack) this.#reading = { pack, done: this.#readEntries(pack, model.info.id) };
    try {
      await this.#reading.done;
    } catch (error) {
      this.#reading = undefined;
      throw error;
    }
  }

  async #readEntries(pack: EmbeddedPack, modelId: string): Promise<void> {
    for (const { path, folder } of pack.saes) {
      const entry = await packEntry(pack, path, folder, this.#host);
      // A pack made before its model had an id names it 'embedded'.
      const model = entry.info.model === 'embedded' ? modelId : entry.info.model;
      this.#embedded.set(entry.info.id, { ...entry, info: { ...entry.info, model } });
    }
  }
}

async function packEntry(
  pack: EmbeddedPack,
  path: string,
  folder: FolderSource,
  host: Host,
): Promise<SaeEntry> {
  const names = folder.names ?? FILES;
  const shipped = names.find(isIndex);
  const known = new Map<string, Blob>();
  const kept = remembering(folder, known);
  const small = { cfg: await readJson(kept, 'cfg.json'), meta: await readJson(kept, 'headlight.json') };
  const bytes = names.filter((n) => !isIndex(n)).reduce((sum, n) => sum + pack.bytesOf(`${path}/${n}`), 0);
  const described = infoOf({ ...small, bytes, source: 'embedded', hasIndex: shipped !== undefined });
  const measured = (): Promise<Blob | undefined> => host.store.read(truthFileName(described.id));
  const info = { ...described, hasTruth: names.includes(TRUTH) || (await measured()) !== undefined };
  return {
    info,
    async files() {
      const found: Record<string, Blob> = {};
      for (const name of FILES) {
        const blob = known.get(name) ?? (await readWhole(folder, name));
        if (blob) found[name] = blob;
      }
      return found;
    },
    async index() {
      const rebuilt = await host.store.read(indexFile(info.id));
      return rebuilt ?? (shipped ? readWhole(folder, shipped) : undefined);
    },
    async truth() {
      return names.includes(TRUTH) ? readWhole(folder, TRUTH) : measured();
    },
  };
}
