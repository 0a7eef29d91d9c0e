import { WorkbenchError } from '#base/errors.ts';
import type { CatalogRecord } from '#io/catalog.ts';
import { isContentId } from '#io/hash.ts';
import { droppedFiles, type FolderSource, urlFolder } from '#io/sources.ts';
import { openEmbedded } from './embedded.ts';
import type { Host } from './host.ts';
import type { LoadedModel, ModelSource } from './loaded_model.ts';
import type { Source } from './protocol/common.ts';
import type { ModelInfo } from './protocol/models.ts';

/** Record of a model in the catalogue; its files are `model_<id>.<name>` in the store. */
export interface ModelRecord extends CatalogRecord {
  readonly info: ModelInfo;
  readonly files: readonly string[];
}
export const modelFile = (id: string, name: string): string => `model_${id}.${name}`;
/** Models above this stay where they are: a copy would crowd out everything else. */
const MAX_STORED_BYTES = 2 * 2 ** 30;

/** Folder of an address or of files that were dropped. */
export function folderOf(host: Host, source: Source): FolderSource {
  if (typeof source !== 'string') {
    if (source.length === 0)
      throw new WorkbenchError('format', 'No files were given.', { hint: 'Choose the files of one folder.' });
    return droppedFiles(source);
  }
  if (source.startsWith('hf:'))
    throw new WorkbenchError(
      'format',
      `${source.slice(0, 120)}: this version does not download from the Hub.`,
      {
        hint: 'Download the folder and drop its files on the page, or give the address of a folder on this site.',
      },
    );
  let url: URL | undefined;
  try {
    url = new URL(source, host.base);
  } catch {
    // Said below.
  }
  if (url?.protocol === 'https:' || url?.protocol === 'http:') return urlFolder(url.href, { title: source });
  throw new WorkbenchError('format', `${source.slice(0, 120)} is not an address that can be fetched.`, {
    hint: "Give 'embedded', an https address of a folder, or files.",
  });
}

/** Where a model comes from: the pack, the store, an address or files. */
export async function modelSource(host: Host, source: Source, signal?: AbortSignal): Promise<ModelSource> {
  if (source === 'embedded') {
    const pack = await openEmbedded(host, signal);
    return { folder: pack.folder, source, pack };
  }
  if (typeof source === 'string' && isContentId(source)) {
    const record = await host.catalog.get<ModelRecord>('model', source);
    if (record) return storedModel(host, record);
  }
  return { folder: folderOf(host, source), source: typeof source === 'string' ? source : 'files' };
}

function storedModel(host: Host, record: ModelRecord): ModelSource {
  const folder: FolderSource = {
    title: record.info.title,
    names: record.files,
    async *read(name) {
      if (!record.files.includes(name)) return undefined;
      const blob = await host.store.read(modelFile(record.id, name));
      if (blob) yield { name, done: blob.size, total: blob.size };
      return blob;
    },
  };
  return { folder, source: record.info.source, title: record.info.title, language: record.info.language };
}

/** Copies a model's files into the store, so that a reload finds it; a full disk is no failure, it stays loaded. */
export async function storeModel(host: Host, model: LoadedModel): Promise<void> {
  const { info, files } = model;
  if (model.pack || info.bytes > MAX_STORED_BYTES || (await host.catalog.get('model', info.id))) return;
  const names = [...files.keys()].filter((name) => /^[\w.-]{1,80}$/.test(name));
  try {
    for (const name of names) await host.store.write(modelFile(info.id, name), files.get(name) as Blob);
    const record: ModelRecord = { id: info.id, info: { ...info, loaded: false }, files: names };
    await host.catalog.put('model', record);
  } catch {
    for (const name of names) await host.store.delete(modelFile(info.id, name)).catch(() => undefined);
  }
  host.notify({ type: 'storage-changed' });
}
