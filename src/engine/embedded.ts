import { WorkbenchError } from '#base/errors.ts';
import { type FileClaim, type FolderSource, readJson, subfolder, urlFolder } from '#io/sources.ts';

/** The shipped model with its SAEs (decision 35): files are fetched when they are first needed. */
export interface EmbeddedPack {
  readonly title: string;
  /** A prompt worth showing first. */
  readonly prompt: string | undefined;
  /** Every file, checked against its hash. */
  readonly folder: FolderSource;
  readonly saes: readonly { readonly path: string; readonly folder: FolderSource }[];
  /** Bytes of a file by the manifest. */
  bytesOf(name: string): number;
}

const HINT =
  'Reload the page; if it stays, the site was deployed without its embedded model. Your own files still load.';

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
export async function openEmbedded(base: string, signal?: AbortSignal): Promise<EmbeddedPack> {
  const root = new URL('embedded/', base).href;
  const pack = text((await readJson(urlFolder(root), 'current.json', { signal }))?.['pack']);
  if (!pack || !/^[\w-]{8,64}$/.test(pack)) throw damaged('current.json names no pack');
  const url = `${root}${pack}/`;
  const manifest = await readJson(urlFolder(url), 'manifest.json', { signal });
  if (!manifest) throw damaged('there is no manifest.json');
  const title = text(manifest['title']) ?? 'Embedded model';
  const claims = claimsOf(manifest['files']);
  const folder = urlFolder(url, { title, claims });
  const saes = (Array.isArray(manifest['saes']) ? manifest['saes'] : []).map((s: Record<string, unknown>) => {
    const path = text(s['path']) ?? text(s['dir']) ?? '';
    return { path, folder: subfolder(folder, path) };
  });
  return {
    title,
    prompt: text(manifest['prompt']),
    folder,
    saes,
    bytesOf: (name) => claims.get(name)?.bytes ?? 0,
  };
}
