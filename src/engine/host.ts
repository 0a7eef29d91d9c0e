import { WorkbenchError } from '#base/errors.ts';
import { Gpu } from '#gpu/device.ts';
import { type Catalog, type CatalogRecord, openCatalog } from '#io/catalog.ts';
import { type BlobStore, openStore } from '#io/files.ts';
import type { GpuInfo } from './protocol/common.ts';
import type { FromWorker, Kept, Notice } from './protocol.ts';
import { Scheduler } from './scheduler.ts';

/** What every handler stands on: the device, the store, the catalogue, the lanes and the way to the page. */
export interface Host {
  /** Address of the page; relative addresses are below it. */
  readonly base: string;
  /** Files of the embedded pack that the page holds, by path; empty unless the page is sealed. */
  readonly pack: ReadonlyMap<string, Blob>;
  /** Gives the page a file of the pack to hold for the next worker. */
  holdPackFile(name: string, blob: Blob): void;
  readonly store: BlobStore;
  readonly catalog: Catalog;
  readonly scheduler: Scheduler;
  /** @throws WorkbenchError('gpu-unavailable' | 'device-lost') when there is no device. */
  readonly gpu: Gpu;
  /** The device, or undefined without one. */
  readonly maybeGpu: Gpu | undefined;
  notify(notice: Notice): void;
}

export interface HostOptions {
  readonly base: string;
  readonly kept: readonly Kept[];
  readonly post: (message: FromWorker) => void;
}

/** Opens device and storage. Never throws: without a device `gpu` does when it is asked for. */
export async function openHost(options: HostOptions): Promise<Host> {
  const { post } = options;
  const notify = (notice: Notice): void => post({ kind: 'notice', notice });
  const { blobs, records, pack } = sortKept(options.kept);
  const keep = (key: string, value: Blob | object | undefined): void =>
    post({ kind: 'keep', kept: { key, value } });
  const store = await openStore({ kept: blobs, onKept: (name, blob) => keep(`blob:${name}`, blob) });
  const catalog = await openCatalog({
    kept: records,
    durable: () => store.mode === 'opfs' && store.writer,
    onKept: (key, record) => keep(`record:${key}`, record),
  });
  if (!store.writer) void store.whenWriter.then(() => takeOver(store, catalog, notify));
  let gpu: Gpu | undefined;
  let refusal: WorkbenchError | undefined;
  try {
    gpu = await Gpu.open();
    void gpu.lost.then((error) => {
      refusal = error;
      notify({ type: 'device-lost', error: error.toWire() });
    });
  } catch (error) {
    refusal = error instanceof WorkbenchError ? error : new WorkbenchError('gpu-unavailable', String(error));
  }
  notify({ type: 'ready', gpu: gpu !== undefined, ...(refusal && { error: refusal.toWire() }) });
  return {
    base: options.base,
    pack,
    holdPackFile: (name, blob) => keep(`pack:${name}`, blob),
    store,
    catalog,
    scheduler: new Scheduler(),
    notify,
    get maybeGpu() {
      return refusal ? undefined : gpu;
    },
    get gpu() {
      if (gpu && !refusal) return gpu;
      throw refusal ?? new WorkbenchError('gpu-unavailable', 'This browser offers no WebGPU.');
    },
  };
}

/** The tab that wrote is gone: what this one kept in memory goes to the disk. */
async function takeOver(store: BlobStore, catalog: Catalog, notify: (notice: Notice) => void): Promise<void> {
  await store.flush();
  await catalog.flush();
  notify({ type: 'storage-changed' });
}

function sortKept(kept: readonly Kept[]): {
  blobs: Map<string, Blob>;
  records: Map<string, CatalogRecord>;
  pack: Map<string, Blob>;
} {
  const pack = new Map<string, Blob>();
  const blobs = new Map<string, Blob>();
  const records = new Map<string, CatalogRecord>();
  for (const { key, value } of kept) {
    if (key.startsWith('pack:') && value instanceof Blob) pack.set(key.slice(5), value);
    else if (key.startsWith('blob:') && value instanceof Blob) blobs.set(key.slice(5), value);
    else if (key.startsWith('record:') && value) records.set(key.slice(7), value as CatalogRecord);
  }
  return { blobs, records, pack };
}

/** The adapter as the page shows it. */
export function describeGpu({ caps }: Gpu): GpuInfo {
  return {
    vendor: caps.vendor,
    architecture: caps.architecture,
    description: caps.description,
    f16: caps.f16,
    subgroupSize: caps.subgroupSize,
    fallback: caps.fallback,
    limits: {
      maxStorageBuffersPerShaderStage: caps.maxStorageBuffers,
      maxStorageBufferBindingSize: caps.maxBindingBytes,
      maxBufferSize: caps.maxBufferBytes,
      maxComputeWorkgroupStorageSize: caps.workgroupBytes,
      maxComputeInvocationsPerWorkgroup: caps.maxInvocations,
      plannedBytes: caps.plannedBytes,
    },
  };
}
