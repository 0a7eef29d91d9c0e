/** Which hand-tuned defaults fit (webgpu-performance 5.1). 'software' runs on the CPU. */
export type AdapterClass = 'software' | 'apple' | 'nvidia' | 'intel' | 'amd' | 'other';

/** What the device was given; kernels and ops choose by this, never by the browser's name. */
export interface GpuCaps {
  readonly class: AdapterClass;
  readonly vendor: string;
  readonly architecture: string;
  readonly description: string;
  readonly f16: boolean;
  readonly subgroupSize: readonly [min: number, max: number] | undefined;
  readonly timestamps: boolean;
  /** Storage bindings of one shader; kernels here use at most 8. */
  readonly maxStorageBuffers: number;
  readonly maxBindingBytes: number;
  readonly maxBufferBytes: number;
  /** Workgroup memory in bytes. */
  readonly workgroupBytes: number;
  readonly maxInvocations: number;
  readonly maxWorkgroupSize: readonly [x: number, y: number, z: number];
  /** A software adapter: works, slowly (decision 13). */
  readonly fallback: boolean;
  /** Bytes a plan may use: a quarter of the device's memory where GPU and CPU share it (decision 9). */
  readonly plannedBytes: number;
}

/** The limits that kernels use; the device gets what the adapter has of them. */
export const WANTED_LIMITS = [
  'maxStorageBuffersPerShaderStage',
  'maxStorageBufferBindingSize',
  'maxBufferSize',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
] as const;

/** The class of an adapter by its info words. */
export function adapterClass(info: GPUAdapterInfo): AdapterClass {
  const words = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  if (info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/.test(words)) return 'software';
  for (const name of ['apple', 'nvidia', 'intel', 'amd'] as const) if (words.includes(name)) return name;
  return 'other';
}

const GIB = 2 ** 30;

/** navigator.deviceMemory in bytes, 4 GiB where the browser does not say. */
function deviceMemoryBytes(): number {
  const gib = (globalThis.navigator as { deviceMemory?: number } | undefined)?.deviceMemory ?? 4;
  return gib * GIB;
}

/** Reads what `device` offers. `overrides` is the test switch that lowers or renames caps. */
export function readCaps(device: GPUDevice, info: GPUAdapterInfo, overrides: Partial<GpuCaps> = {}): GpuCaps {
  const L = device.limits;
  const has = (f: GPUFeatureName): boolean => device.features.has(f);
  const kind = overrides.class ?? adapterClass(info);
  return {
    class: kind,
    vendor: info.vendor,
    architecture: info.architecture,
    description: info.description,
    f16: has('shader-f16'),
    subgroupSize: has('subgroups') ? [info.subgroupMinSize ?? 4, info.subgroupMaxSize ?? 128] : undefined,
    timestamps: has('timestamp-query'),
    maxStorageBuffers: L.maxStorageBuffersPerShaderStage,
    maxBindingBytes: L.maxStorageBufferBindingSize,
    maxBufferBytes: L.maxBufferSize,
    workgroupBytes: L.maxComputeWorkgroupStorageSize,
    maxInvocations: L.maxComputeInvocationsPerWorkgroup,
    maxWorkgroupSize: [L.maxComputeWorkgroupSizeX, L.maxComputeWorkgroupSizeY, L.maxComputeWorkgroupSizeZ],
    fallback: kind === 'software',
    plannedBytes: kind === 'nvidia' || kind === 'amd' ? 4 * GIB : deviceMemoryBytes() / 4,
    ...overrides,
  };
}
