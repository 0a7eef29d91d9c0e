export interface StoredItem {
  readonly id: string;
  readonly kind: 'model' | 'sae' | 'run' | 'index' | 'corpus';
  readonly title: string;
  readonly bytes: number;
  /** False for the embedded pack. */
  readonly deletable: boolean;
}

export interface StorageInfo {
  /** 'opfs', or 'memory' in private windows: nothing survives the tab (decision 31). */
  readonly mode: 'opfs' | 'memory';
  /** False in a second tab: another one writes. */
  readonly writer: boolean;
  readonly usedBytes: number;
  readonly quotaBytes: number;
  readonly persisted: boolean;
  readonly items: readonly StoredItem[];
}
