import { WorkbenchError } from '#base/errors.ts';
import {
  droppedFiles,
  type FileClaim,
  type FolderSource,
  readJson,
  readWhole,
  subfolder,
  urlFolder,
} from '#io/sources.ts';

/** The shipped model with its SAEs (decision 35): files are fetched when they are first needed. */
export interface EmbeddedPack {
  readonly title: string;
  /** Name of its folder. */
  readonly pack: string;
  /** Its files by name, the manifest left out. */
  readonly names: readonly string[];
  /** A prompt worth showing first. */
  readonly prompt: string | undefined;
  /** The language whose ground truth is known, when its model speaks it. */
  readonly language: 'storyland' | undefined;
  /** Every file, checked against its hash. */
  readonly folder: FolderSource;
  readonly saes: readonly { readonly path: string; readonly folder: FolderSource }[];
  /** Bytes of a file by the manifest. */
  bytesOf(name: string): number;
}

const HINT =
  'Reload the page; if it stays, the site was deployed without its embedded model. Your own files still load.';

const CURRENT = 'current.json';
const MANIFEST = 'manifest.json';

/** Where the pack is: below the page's address, or, once the page is sealed, in files that the page holds. */
export interface Shipped {
  readonly base: string;
  /** Path below embedded/ to file; empty: fetch them. */
  readonly pack: ReadonlyMap<string, Blob>;
}

function damaged(what: string): WorkbenchError {
  return new WorkbenchError('format', `The embedded model cannot be read: ${what}.`, { hint: HINT });
}

function claimsOf(files: unknown): Map<string, FileClaim> {
  const claims = new Map<string, FileClaim>();
  for (const file of Array.isArray(files) ? files : []) {
    const { name, bytes, sha256 } = file as Record<string, unknown>;
    if (typeof name !== 'string' || typeof bytes !== 'number' || typeof sha256 !== 'string')
      throw damaged('its manifest names a file without size or hash');
    claims.set(name, { bytes, sha256 });
  }
  return claims;
}

const text = (value: unknown): string | undefined => (typeof value === 'string' ? value : undefined);

/**
 * Opens `embedded/current.json` and the manifest that it names, relative to the page at `base`.
 *
 * @throws WorkbenchError('format') when one of them is missing or damaged.
 */
export async function openEmbedded(
  { base, pack: held }: Shipped,
  signal?: AbortSignal,
): Promise<EmbeddedPack> {
  const root = new URL('embedded/', base).href;
  const kept = held.size > 0 ? droppedFiles([...held].map(([name, blob]) => ({ name, blob }))) : undefined;
  const pack = text((await readJson(kept ?? urlFolder(root), CURRENT, { signal }))?.['pack']);
  if (!pack || !/^[\w-]{8,64}$/.test(pack)) throw damaged('current.json names no pack');
  const url = `${root}${pack}/`;
  const inside = kept && subfolder(kept, pack);
  const manifest = await readJson(inside ?? urlFolder(url), MANIFEST, { signal });
  if (!manifest) throw damaged('there is no manifest.json');
  const title = text(manifest['title']) ?? 'Embedded model';
  const claims = claimsOf(manifest['files']);
  const folder = inside ?? urlFolder(url, { title, claims });
  const saes = (Array.isArray(manifest['saes']) ? manifest['saes'] : []).map((s: Record<string, unknown>) => {
    const path = text(s['path']) ?? text(s['dir']) ?? '';
    return { path, folder: subfolder(folder, path) };
  });
  return {
    title,
    pack,
    names: [...claims.keys()],
    prompt: text(manifest['prompt']),
    language: manifest['language'] === 'storyland' ? 'storyland' : undefined,
    folder,
    saes,
    bytesOf: (name) => claims.get(name)?.bytes ?? 0,
  };
}

/**
 * Every file of the pack by its path below embedded/, checked: what a worker needs that may fetch nothing.
 *
 * @throws WorkbenchError('format') when a file is missing or damaged.
 */
export async function readEveryFile(pack: EmbeddedPack, base: string): Promise<ReadonlyMap<string, Blob>> {
  const files = new Map<string, Blob>();
  const current = new Blob([JSON.stringify({ pack: pack.pack })]);
  files.set(CURRENT, current);
  const url = urlFolder(new URL(`embedded/${pack.pack}/`, base).href);
  const manifest = await readWhole(url, MANIFEST);
  if (!manifest) throw damaged('there is no manifest.json');
  files.set(`${pack.pack}/${MANIFEST}`, manifest);
  for (const name of pack.names) {
    const blob = await readWhole(pack.folder, name);
    if (!blob) throw damaged(`there is no ${name}`);
    files.set(`${pack.pack}/${name}`, blob);
  }
  return files;
}
