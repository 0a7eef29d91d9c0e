import { type DBSchema, type IDBPDatabase, openDB } from 'idb';
import { WorkbenchError } from '#base/errors.ts';

/** Kinds of records; a record is plain data with an id, its meaning belongs to the engine. */
export const RECORD_KINDS = ['model', 'sae', 'run', 'index'] as const;
export type RecordKind = (typeof RECORD_KINDS)[number];
export interface CatalogRecord {
  readonly id: string;
}

interface Schema extends DBSchema {
  model: { key: string; value: CatalogRecord };
  sae: { key: string; value: CatalogRecord };
  run: { key: string; value: CatalogRecord };
  index: { key: string; value: CatalogRecord };
}

/** What is on this device: records by kind and id, in IndexedDB, or in memory where there is none. */
export interface Catalog extends Disposable {
  get<T extends CatalogRecord>(kind: RecordKind, id: string): Promise<T | undefined>;
  all<T extends CatalogRecord>(kind: RecordKind): Promise<readonly T[]>;
  /** Stores a record, on the device while `durable` says so, else in memory. */
  put(kind: RecordKind, record: CatalogRecord): Promise<void>;
  delete(kind: RecordKind, id: string): Promise<void>;
  /** Writes what only memory holds, as far as that works now. */
  flush(): Promise<void>;
}

export interface CatalogOptions {
  readonly name?: string;
  /** False: records go to memory (a second tab, a private window). */
  readonly durable?: () => boolean;
  /** Hears what only memory holds, by 'kind/id'; undefined: forgotten. */
  readonly onKept?: (key: string, record: CatalogRecord | undefined) => void;
  /** What an earlier catalog kept. */
  readonly kept?: ReadonlyMap<string, CatalogRecord>;
}

/** Migration i takes version i to i + 1. Append only: a released one never changes. */
const MIGRATIONS: readonly ((db: IDBPDatabase<Schema>) => void)[] = [
  (db) => {
    for (const kind of RECORD_KINDS) db.createObjectStore(kind, { keyPath: 'id' });
  },
];

async function openDatabase(name: string): Promise<IDBPDatabase<Schema> | undefined> {
  try {
    return await openDB<Schema>(name, MIGRATIONS.length, {
      upgrade(db, from) {
        for (const migrate of MIGRATIONS.slice(from)) migrate(db);
      },
      // A newer page wants to upgrade: let go at once, this tab then writes to memory.
      blocking: (_from, _to, event) => (event.target as IDBDatabase | null)?.close(),
    });
  } catch {
    return undefined;
  }
}

class Records implements Catalog {
  readonly #db: IDBPDatabase<Schema> | undefined;
  readonly #memory: Map<string, CatalogRecord>;
  readonly #options: CatalogOptions;
  constructor(db: IDBPDatabase<Schema> | undefined, options: CatalogOptions) {
    this.#db = db;
    this.#options = options;
    this.#memory = new Map(options.kept);
  }

  async get<T extends CatalogRecord>(kind: RecordKind, id: string): Promise<T | undefined> {
    const kept = this.#memory.get(`${kind}/${id}`);
    return (kept ?? (await this.#db?.get(kind, id))) as T | undefined;
  }

  async all<T extends CatalogRecord>(kind: RecordKind): Promise<readonly T[]> {
    const records = new Map((await this.#db?.getAll(kind))?.map((r) => [r.id, r]));
    for (const [key, record] of this.#memory) if (key.startsWith(`${kind}/`)) records.set(record.id, record);
    return [...records.values()] as T[];
  }

  async put(kind: RecordKind, record: CatalogRecord): Promise<void> {
    const key = `${kind}/${record.id}`;
    if (this.#db && (this.#options.durable?.() ?? true)) {
      try {
        await this.#db.put(kind, record);
        if (this.#memory.delete(key)) this.#options.onKept?.(key, undefined);
        return;
      } catch (cause) {
        this.#keep(key, record);
        throw new WorkbenchError(
          'storage',
          `The catalogue of this device could not be written: ${String(cause)}.`,
          {
            cause,
            hint: 'Delete runs, SAEs or models in the load view; until then it stays in this tab.',
          },
        );
      }
    }
    this.#keep(key, record);
  }

  #keep(key: string, record: CatalogRecord): void {
    this.#memory.set(key, record);
    this.#options.onKept?.(key, record);
  }

  async flush(): Promise<void> {
    for (const [key, record] of [...this.#memory])
      await this.put(key.slice(0, key.indexOf('/')) as RecordKind, record).catch(() => undefined);
  }

  async delete(kind: RecordKind, id: string): Promise<void> {
    const key = `${kind}/${id}`;
    if (this.#memory.delete(key)) this.#options.onKept?.(key, undefined);
    if (this.#options.durable?.() ?? true) await this.#db?.delete(kind, id);
  }

  [Symbol.dispose](): void {
    this.#db?.close();
  }
}

/** Opens the catalogue and brings it up to date; without IndexedDB it lives in memory. */
export async function openCatalog(options: CatalogOptions = {}): Promise<Catalog> {
  return new Records(await openDatabase(options.name ?? 'headlight'), options);
}
