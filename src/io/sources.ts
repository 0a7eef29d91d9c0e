import { WorkbenchError } from '#base/errors.ts';
import { sha256Hex } from './hash.ts';

/** Bytes of one file so far; `total` is absent while unknown. */
export interface ByteProgress {
  readonly name: string;
  readonly done: number;
  readonly total?: number | undefined;
}
/** A name and bytes; files dropped on the page arrive like this. */
export interface NamedBlob {
  readonly name: string;
  readonly blob: Blob;
}
/** What is known of a file before it is fetched. */
export interface FileClaim {
  readonly bytes: number;
  /** Lower-case hexadecimal. */
  readonly sha256: string;
}

/** A folder of files, wherever it lies: dropped files, a URL, the embedded pack, a folder of another folder. */
export interface FolderSource {
  /** What a person calls it. */
  readonly title: string;
  /** File names when they are known beforehand (drops and packs); undefined for a bare URL. */
  readonly names: readonly string[] | undefined;
  /**
   * Reads one file, yielding progress; undefined when there is no such file.
   *
   * @throws WorkbenchError('format') when it is larger than `maxBytes` or differs from its stated hash.
   */
  read(name: string, options?: ReadOptions): AsyncGenerator<ByteProgress, Blob | undefined, void>;
}
export interface ReadOptions {
  readonly signal?: AbortSignal | undefined;
  /** Default 4 GiB. */
  readonly maxBytes?: number | undefined;
}

const DEFAULT_MAX_BYTES = 4 * 2 ** 30;
const MIB = 2 ** 20;
/** Needs no progress. Chromium also marks short streamed bodies as cancelled in its network list. */
const AT_ONCE_BYTES = 256 * 1024;

function tooLarge(name: string, bytes: number, max: number): WorkbenchError {
  return new WorkbenchError(
    'format',
    `${name} holds ${Math.ceil(bytes / MIB)} MiB, more than the ${Math.ceil(max / MIB)} MiB that this file may have.`,
    { hint: 'Choose the right file, or a smaller checkpoint.' },
  );
}

/** Files dropped on the page or chosen in a dialog. Folder prefixes shared by all names are left away. */
export function droppedFiles(files: readonly NamedBlob[], title?: string): FolderSource {
  const prefix = sharedPrefix(files.map((f) => f.name));
  const byName = new Map(files.map((f) => [f.name.slice(prefix.length), f.blob]));
  return {
    title: title ?? (prefix.replace(/\/$/, '') || 'dropped files'),
    names: [...byName.keys()],
    async *read(name, { maxBytes = DEFAULT_MAX_BYTES } = {}) {
      const blob = byName.get(name);
      if (!blob) return undefined;
      if (blob.size > maxBytes) throw tooLarge(name, blob.size, maxBytes);
      yield { name, done: blob.size, total: blob.size };
      return blob;
    },
  };
}

/** The longest 'a/b/' that all names begin with; '' when there is none. */
function sharedPrefix(names: readonly string[]): string {
  const first = names[0];
  if (first === undefined) return '';
  const parts = first.split('/').slice(0, -1);
  while (parts.length > 0 && !names.every((n) => n.startsWith(`${parts.join('/')}/`))) parts.pop();
  return parts.length > 0 ? `${parts.join('/')}/` : '';
}

/** A folder behind a URL. With `claims` only those files exist, and each is checked against size and SHA-256. */
export function urlFolder(
  url: string,
  options: { readonly title?: string; readonly claims?: ReadonlyMap<string, FileClaim> } = {},
): FolderSource {
  const base = url.endsWith('/') ? url : `${url}/`;
  const { claims } = options;
  return {
    title: options.title ?? base,
    names: claims ? [...claims.keys()] : undefined,
    async *read(name, { signal, maxBytes = DEFAULT_MAX_BYTES } = {}) {
      const claim = claims?.get(name);
      if (claims && !claim) return undefined;
      const cap = Math.min(maxBytes, claim?.bytes ?? maxBytes);
      const blob = yield* download({
        url: new URL(name, base),
        name,
        total: claim?.bytes,
        maxBytes: cap,
        signal,
      });
      if (blob && claim) await checkClaim(name, blob, claim);
      return blob;
    },
  };
}

async function checkClaim(name: string, blob: Blob, claim: FileClaim): Promise<void> {
  if (blob.size === claim.bytes && (await sha256Hex(blob)) === claim.sha256) return;
  throw new WorkbenchError(
    'format',
    `${name} differs from what the manifest says: the download is damaged.`,
    {
      hint: 'Reload the page; if it stays, the host serves a wrong file.',
    },
  );
}

interface Download {
  readonly url: URL;
  readonly name: string;
  readonly total: number | undefined;
  readonly maxBytes: number;
  readonly signal: AbortSignal | undefined;
}

/** Status 404 and an index page served in place of a missing file both mean "not there". */
function isMissing(response: Response, name: string): boolean {
  const html = response.headers.get('content-type')?.startsWith('text/html') ?? false;
  return response.status === 404 || (html && !name.endsWith('.html'));
}

async function request(url: URL, name: string, signal: AbortSignal | undefined): Promise<Response> {
  try {
    const init: RequestInit = { credentials: 'omit', referrerPolicy: 'no-referrer' };
    return await fetch(url, signal ? { ...init, signal } : init);
  } catch (cause) {
    if (signal?.aborted) throw new WorkbenchError('cancelled', `${name}: download cancelled.`, { cause });
    throw new WorkbenchError('format', `${name} could not be fetched from ${url.host || 'this page'}.`, {
      cause,
      hint: 'Check the connection and the address, or download the files and drop them on the page.',
    });
  }
}

async function* download(d: Download): AsyncGenerator<ByteProgress, Blob | undefined, void> {
  const response = await request(d.url, d.name, d.signal);
  if (isMissing(response, d.name)) return undefined;
  if (!response.ok || !response.body)
    throw new WorkbenchError('format', `${d.name}: the host answered ${response.status}.`, {
      hint: 'Check the address, or try again later.',
    });
  // Under content-encoding the header counts compressed bytes, so it is no total.
  const encoded = response.headers.has('content-encoding');
  const length = encoded ? 0 : Number(response.headers.get('content-length') ?? 0);
  const total = d.total ?? (length > 0 ? length : undefined);
  if (length > d.maxBytes) throw tooLarge(d.name, length, d.maxBytes);
  if (length > 0 && length <= AT_ONCE_BYTES) {
    const bytes = await wholeBody(response, d);
    yield { name: d.name, done: bytes.byteLength, total };
    return new Blob([bytes]);
  }
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let done = 0;
  for await (const part of chunks(response.body, d)) {
    parts.push(part);
    done += part.byteLength;
    if (done > d.maxBytes) throw tooLarge(d.name, done, d.maxBytes);
    yield { name: d.name, done, total };
  }
  return new Blob(parts);
}

function brokenOff(d: Download, cause: unknown): WorkbenchError {
  return d.signal?.aborted
    ? new WorkbenchError('cancelled', `${d.name}: download cancelled.`, { cause })
    : new WorkbenchError('format', `${d.name}: the connection broke off.`, { cause, hint: 'Try again.' });
}

async function wholeBody(response: Response, d: Download): Promise<ArrayBuffer> {
  try {
    return await response.arrayBuffer();
  } catch (cause) {
    throw brokenOff(d, cause);
  }
}

/** The body chunk by chunk; leaving the loop cancels the transfer. */
async function* chunks(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
  d: Download,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, void> {
  const reader = body.getReader();
  let whole = false;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      whole = done;
      if (done) return;
      yield value;
    }
  } catch (cause) {
    throw brokenOff(d, cause);
  } finally {
    if (!whole) await reader.cancel().catch(() => undefined);
  }
}

/** The folder `dir` inside another folder. */
export function subfolder(parent: FolderSource, dir: string): FolderSource {
  const prefix = dir.endsWith('/') ? dir : `${dir}/`;
  return {
    title: `${parent.title}/${dir}`,
    names: parent.names?.filter((n) => n.startsWith(prefix)).map((n) => n.slice(prefix.length)),
    async *read(name, options) {
      return yield* parent.read(prefix + name, options);
    },
  };
}

/** Reads a small text file without progress; undefined when it is not there. Default cap 16 MiB. */
export async function readText(
  folder: FolderSource,
  name: string,
  options: ReadOptions = {},
): Promise<string | undefined> {
  const blob = await readWhole(folder, name, { maxBytes: 16 * MIB, ...options });
  return blob?.text();
}

/** Reads a file and drops the progress. */
export async function readWhole(
  folder: FolderSource,
  name: string,
  options: ReadOptions = {},
): Promise<Blob | undefined> {
  const reading = folder.read(name, options);
  for (;;) {
    const step = await reading.next();
    if (step.done) return step.value;
  }
}

/**
 * Reads a JSON object file; undefined when it is not there.
 *
 * @throws WorkbenchError('format') when it is not a JSON object.
 */
export async function readJson(
  folder: FolderSource,
  name: string,
  options: ReadOptions = {},
): Promise<Readonly<Record<string, unknown>> | undefined> {
  const text = await readText(folder, name, options);
  if (text === undefined) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as Record<string, unknown>;
  } catch {
    // Said below.
  }
  throw new WorkbenchError('format', `${name} is not a JSON object.`, { hint: 'Choose another file.' });
}
