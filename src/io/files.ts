import { WorkbenchError } from '#base/errors.ts';

/** A named blob of the store. */
export interface StoredFile {
  readonly name: string;
  readonly bytes: number;
}
/** What can be stored: one blob, or parts that are written one after the other. */
export type Content = Blob | readonly (Uint8Array<ArrayBuffer> | Blob)[];

/**
 * Named blobs on this device (OPFS), or in memory where there is none. Names are 'folder/name' of safe characters.
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
   *
   * @throws WorkbenchError('storage') when the quota is exceeded; what was there stays.
   */
  write(name: string, content: Content): Promise<number>;
  /** Keeps a file in this tab's memory only; for what could not be written. */
  keep(name: string, content: Content): void;
  delete(name: string): Promise<void>;
  list(): Promise<readonly StoredFile[]>;
  /** What the browser reports for the whole origin, bytes. */
  estimate(): Promise<{ readonly usedBytes: number; readonly quotaBytes: number }>;
  /** Resolves when this tab becomes the writer (at once when it is). */
  readonly whenWriter: Promise<void>;
}
