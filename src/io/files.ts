import { WorkbenchError } from '#base/errors.ts';

/** A named blob of the store. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: number;
}
/** What can be stored: one blob, or parts that are written one after the other. */
export type Content = Blob | readonly (Uint8Array<ArrayBuffer> | Blob)[];

/**
 * Named blobs on this device (OPFS), or in memory where there is none. A name is one path part of safe characters.
 *
 * One tab writes (it holds a Web Lock); in any other tab writes stay in that tab's memory (decision 31).
 */
export interface BlobStore extends Disposable {
  readonly mode: 'opfs' | 'memory';
  /** True while this tab holds the lock. */
  readonly writer: boolean;
  /** Undefined when there is no such file. */
  read(name: string): Promise<Blob | undefined>;
  /**
   * Replaces a file at once: after a crash the old or the new content is there, never a mixture. Returns its bytes.
   * `what` is what a person calls it.
   *
   * @throws WorkbenchError('storage') when the quota is exceeded; what was there stays.
   */
  write(name: string, content: Content, what?: string): Promise<number>;
  /** Writes what only memory holds, as far as it fits; after space was freed, or when this tab becomes the writer. */
  flush(): Promise<void>;
  /** Keeps a file in this tab's memory only; for what could not be written. */
  keep(name: string, content: Content): void;
  delete(name: string): Promise<void>;
  list(): Promise<readonly StoredFile[]>;
  /** What the browser reports for the whole origin, bytes. */
  estimate(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number }>;
  /** Resolves when this tab becomes the writer (at once when it is). */
  readonly whenWriter: Promise<void>;
}

export interface StoreOptions {
  /** Folder of OPFS and name of the lock; tests take their own. */
  readonly root?: string;
  /** Hears what only memory holds, so that somebody outside can keep it for a later store; undefined: forgotten. */
  readonly onKept?: (name: string, blob: Blob | undefined) => void;
  /** What an earlier store kept. */
  readonly kept?: ReadonlyMap<string, Blob>;
}

const TEMPORARY = '.part';

function checkName(name: string): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,150}$/.test(name) || name.endsWith(TEMPORARY))
    throw new WorkbenchError('internal', `storage: '${name.slice(0, 80)}' is no file name`);
}

const isMissing = (e: unknown): boolean => e instanceof DOMException && e.name === 'NotFoundError';
const toBlob = (content: Content): Blob => (content instanceof Blob ? content : new Blob([...content]));

function storageError(what: string, cause: unknown): WorkbenchError {
  const full = cause instanceof DOMException && cause.name === 'QuotaExceededError';
  return full
    ? new WorkbenchError(
        'storage',
        `The disk space that the browser gives this page is used up; ${what} was not stored.`,
        {
          cause,
          hint: 'Delete runs, SAEs or models in the load view; what then fits is stored, until then it stays in this tab.',
        },
      )
    : new WorkbenchError('storage', `Storing failed for ${what}: ${String(cause)}.`, {
        cause,
        hint: 'Export what you need; it stays in this tab until it is closed.',
      });
}

/** OPFS calls that TypeScript's library does not know yet. */
type MovableHandle = Omit<FileSystemFileHandle, 'createSyncAccessHandle'> & {
  readonly move?: (name: string) => Promise<void>;
  readonly createSyncAccessHandle?: () => Promise<SyncHandle>;
};
interface SyncHandle {
  write(bytes: Uint8Array<ArrayBuffer>, options: { at: number }): number;
  truncate(bytes: number): void;
  flush(): void;
  close(): void;
}

/** 8 MiB at a time, so that a large blob never stands in memory whole. */
async function writeSync(handle: SyncHandle, content: Blob): Promise<void> {
  const step = 8 * 2 ** 20;
  try {
    handle.truncate(0);
    for (let at = 0; at < content.size; at += step) {
      const part = new Uint8Array(await content.slice(at, at + step).arrayBuffer());
      const written = handle.write(part, { at });
      if (written !== part.length) throw new DOMException('short write', 'QuotaExceededError');
    }
    handle.flush();
  } finally {
    handle.close();
  }
}

/** New content to a temporary file, then a rename over the old one: either is whole (createWritable swaps likewise). */
async function replaceFile(dir: FileSystemDirectoryHandle, name: string, content: Blob): Promise<void> {
  const part: MovableHandle = await dir.getFileHandle(name + TEMPORARY, { create: true });
  if (part.createSyncAccessHandle && part.move) {
    try {
      await writeSync(await part.createSyncAccessHandle(), content);
      await part.move(name);
    } catch (error) {
      await dir.removeEntry(name + TEMPORARY).catch(() => undefined);
      throw error;
    }
    return;
  }
  await dir.removeEntry(name + TEMPORARY);
  const file = await dir.getFileHandle(name, { create: true });
  const stream = await file.createWritable();
  try {
    await stream.write(content);
    await stream.close();
  } catch (error) {
    await stream.abort().catch(() => undefined);
    throw error;
  }
}

/** The folder, or undefined where OPFS is missing or forbidden (private windows). */
async function openFolder(root: string): Promise<FileSystemDirectoryHandle | undefined> {
  try {
    const top = await navigator.storage.getDirectory();
    const dir = await top.getDirectoryHandle(root, { create: true });
    await dir.getFileHandle(`probe${TEMPORARY}`, { create: true });
    return dir;
  } catch {
    return undefined;
  }
}

class Store implements BlobStore {
  readonly mode: 'opfs' | 'memory';
  readonly whenWriter: Promise<void>;
  writer = false;
  readonly #dir: FileSystemDirectoryHandle | undefined;
  readonly #memory: Map<string, Blob>;
  readonly #onKept: (name: string, blob: Blob | undefined) => void;
  #release: () => void = () => undefined;

  constructor(dir: FileSystemDirectoryHandle | undefined, lock: string, options: StoreOptions) {
    this.#dir = dir;
    this.mode = dir ? 'opfs' : 'memory';
    this.#memory = new Map(options.kept);
    this.#onKept = options.onKept ?? (() => undefined);
    this.whenWriter = new Promise((resolve) => this.#lock(lock, resolve));
  }

  /** Asks for the lock and holds it until disposal; a closed or crashed tab lets go by itself. */
  #lock(name: string, granted: () => void): void {
    const hold = (): Promise<void> => {
      this.writer = true;
      granted();
      return new Promise((resolve) => {
        this.#release = resolve;
      });
    };
    if (this.#dir && navigator.locks) navigator.locks.request(name, hold).catch(() => undefined);
    else hold();
  }

  async read(name: string): Promise<Blob | undefined> {
    checkName(name);
    const kept = this.#memory.get(name);
    if (kept || !this.#dir) return kept;
    try {
      return await (await this.#dir.getFileHandle(name)).getFile();
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw storageError(name, error);
    }
  }

  async write(name: string, content: Content, what = name): Promise<number> {
    checkName(name);
    const blob = toBlob(content);
    if (!this.#dir || !this.writer) this.keep(name, blob);
    else {
      try {
        await replaceFile(this.#dir, name, blob);
      } catch (error) {
        throw storageError(what, error);
      }
      this.#forget(name);
    }
    return blob.size;
  }

  async flush(): Promise<void> {
    if (!this.#dir || !this.writer) return;
    // What still does not fit stays in memory.
    for (const [name, blob] of [...this.#memory]) await this.write(name, blob).catch(() => undefined);
  }

  keep(name: string, content: Content): void {
    const blob = toBlob(content);
    this.#memory.set(name, blob);
    this.#onKept(name, blob);
  }

  #forget(name: string): void {
    if (this.#memory.delete(name)) this.#onKept(name, undefined);
  }

  async delete(name: string): Promise<void> {
    checkName(name);
    this.#forget(name);
    if (!this.#dir || !this.writer) return;
    await this.#dir.removeEntry(name).catch((error: unknown) => {
      if (!isMissing(error)) throw storageError(name, error);
    });
  }

  async list(): Promise<readonly StoredFile[]> {
    const found = new Map<string, number>();
    for await (const [name, handle] of this.#dir?.entries() ?? [])
      if (handle.kind === 'file' && !name.endsWith(TEMPORARY))
        found.set(name, (await (handle as FileSystemFileHandle).getFile()).size);
    for (const [name, blob] of this.#memory) found.set(name, blob.size);
    return [...found].map(([name, bytes]) => ({ name, bytes })).sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  async estimate(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number }> {
    const { usage = 0, quota = 0 } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
    return { usedBytes: usage, quotaBytes: quota };
  }

  [Symbol.dispose](): void {
    this.writer = false;
    this.#release();
  }
}

/** Opens the store. A second tab gets one that reads; it becomes the writer when the first tab closes. */
export async function openStore(options: StoreOptions = {}): Promise<BlobStore> {
  const root = options.root ?? 'headlight';
  const dir = await openFolder(root);
  const store = new Store(dir, `${root}/writer`, options);
  // The lock is granted within this turn of the lock manager or not at all; a query answers after earlier requests.
  await navigator.locks?.query().catch(() => undefined);
  return store;
}
