import type { StorageInfo } from '#engine/protocol/storage.ts';
import { download, fileName } from '../download.ts';
import { zipStore } from '../zip_store.ts';
import { IDLE, type Loadable, latest, ready } from './loadable.ts';
import type { AppStore, Slice } from './store.ts';

/** What is kept on this device (decision 31). */
export interface StorageSlice {
  readonly storage: Loadable<StorageInfo>;
  /** What the export or delete under way is, or why it failed. */
  readonly storageAction: Loadable<string>;
  refreshStorage(): Promise<void>;
  persist(): Promise<void>;
  deleteStored(id: string): Promise<void>;
  /** Downloads the SAE as the files of the SAELens format. */
  exportSae(id: string, title: string): Promise<void>;
}

const asks = { storage: latest(), action: latest() };

export const createStorageSlice: Slice<StorageSlice> = (set, get) => ({
  storage: IDLE,
  storageAction: IDLE,
  async refreshStorage() {
    await asks.storage.ask('storage', {}, (storage) => {
      if (storage.status !== 'loading' || get().storage.status !== 'ready') set({ storage });
    });
  },
  async persist() {
    await asks.action.ask('persist', {}, (a) =>
      set({
        storageAction:
          a.status === 'ready'
            ? {
                status: 'ready',
                value: a.value.persisted ? 'The browser will keep the data.' : 'The browser refused.',
              }
            : a,
      }),
    );
    await get().refreshStorage();
  },
  async deleteStored(id) {
    await asks.action.ask('deleteStored', { id }, (a) => {
      if (a.status === 'ready') set({ storage: a, storageAction: { status: 'ready', value: 'Deleted.' } });
      else set({ storageAction: a });
    });
    await get().refreshCatalog();
  },
  async exportSae(id, title) {
    await asks.action.ask('exportSae', { sae: id, format: 'saelens' }, (a) => {
      if (a.status !== 'ready') return set({ storageAction: a });
      const folder = fileName(title);
      const files = Object.entries(a.value).map(([name, bytes]) => [`${folder}/${name}`, bytes] as const);
      download(`${folder}.zip`, zipStore(Object.fromEntries(files)), 'application/zip');
      set({ storageAction: ready(`Exported ${files.length} files as ${folder}.zip.`) });
    });
  },
});

/** Keeps the storage panel current while it is shown. */
export function watchStorage(store: AppStore): void {
  store.subscribe(
    (s) => s.view.kind === 'load' && s.gpu !== 'starting',
    (shown) => {
      if (shown) void store.getState().refreshStorage();
    },
    { fireImmediately: true },
  );
}
