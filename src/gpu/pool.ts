import { WorkbenchError } from '#base/errors.ts';

const MIB = 2 ** 20;
const SMALL_BYTES = MIB;

export interface PoolOptions {
  /** Idle bytes that are kept for reuse. */
  readonly idleBudgetBytes?: number;
  /** Runs work in the device's order; buffers are destroyed through it. */
  readonly later?: (work: () => void) => void;
  /** Told of an allocation that the device refused. */
  readonly onError?: (error: WorkbenchError) => void;
  /** Told of a buffer that is gone, so that bind groups on it can go too. */
  readonly onDestroy?: (buffer: GPUBuffer) => void;
  /** The largest buffer the device allows. */
  readonly maxBufferBytes?: number;
}

const figure = (bytes: number): string =>
  bytes >= MIB ? `${(bytes / MIB).toFixed(1)} MiB` : `${bytes} bytes`;

/** Hint of every out-of-memory error. */
const SMALLER = 'Choose a smaller d_sae, batch or context, or close other tabs that use the GPU.';

/**
 * Storage buffers by size: powers of two up to 1 MiB, exact (to 256 bytes) above. Contents of an acquired buffer are
 * undefined. The least recently released idle buffers are destroyed above the idle budget.
 */
export class BufferPool implements Disposable {
  readonly #device: GPUDevice;
  readonly #options: Required<PoolOptions>;
  readonly #free = new Map<number, GPUBuffer[]>();
  /** Idle buffers, oldest first. */
  readonly #idle = new Set<GPUBuffer>();
  readonly #checks = new Set<Promise<void>>();
  #live = 0;
  #idleBytes = 0;
  #peak = 0;

  constructor(device: GPUDevice, options: PoolOptions = {}) {
    this.#device = device;
    this.#options = {
      idleBudgetBytes: 256 * MIB,
      later: (work) => work(),
      onError: () => undefined,
      onDestroy: () => undefined,
      maxBufferBytes: device.limits.maxBufferSize,
      ...options,
    };
  }

  /** Bytes of buffers that scopes own now. */
  get liveBytes(): number {
    return this.#live;
  }
  /** Bytes kept for reuse. */
  get idleBytes(): number {
    return this.#idleBytes;
  }
  /** Largest liveBytes so far. */
  get peakBytes(): number {
    return this.#peak;
  }
  /** Settles when the device has answered every creation so far; undefined when none is open. */
  get unchecked(): Promise<unknown> | undefined {
    return this.#checks.size > 0 ? Promise.all(this.#checks) : undefined;
  }

  /** @throws WorkbenchError('out-of-memory') naming the tensor, before creation when it exceeds maxBufferSize. */
  acquire(bytes: number, label: string): GPUBuffer {
    const most = this.#options.maxBufferBytes;
    if (bytes > most)
      throw new WorkbenchError(
        'out-of-memory',
        `${label} needs ${figure(bytes)}; this adapter's largest buffer is ${figure(most)}`,
        { hint: SMALLER },
      );
    const size = bucketBytes(bytes);
    const buffer = this.#takeIdle(size) ?? this.#create(Math.min(size, most), label);
    buffer.label = label;
    this.#live += buffer.size;
    this.#peak = Math.max(this.#peak, this.#live);
    return buffer;
  }

  release(buffer: GPUBuffer): void {
    this.#live -= buffer.size;
    const list = this.#free.get(buffer.size);
    if (list) list.push(buffer);
    else this.#free.set(buffer.size, [buffer]);
    this.#idle.add(buffer);
    this.#idleBytes += buffer.size;
    this.trim(this.#options.idleBudgetBytes);
  }

  /** Destroys idle buffers, oldest first, until at most `keepBytes` are left. */
  trim(keepBytes = 0): void {
    for (const buffer of this.#idle) {
      if (this.#idleBytes <= keepBytes) return;
      this.#forget(buffer);
      const list = this.#free.get(buffer.size);
      list?.splice(list.indexOf(buffer), 1);
      this.#options.onDestroy(buffer);
      this.#options.later(() => buffer.destroy());
    }
  }

  #takeIdle(size: number): GPUBuffer | undefined {
    const buffer = this.#free.get(size)?.pop();
    if (buffer) this.#forget(buffer);
    return buffer;
  }

  #forget(buffer: GPUBuffer): void {
    this.#idle.delete(buffer);
    this.#idleBytes -= buffer.size;
  }

  #create(size: number, label: string): GPUBuffer {
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    this.#device.pushErrorScope('out-of-memory');
    const buffer = this.#device.createBuffer({ size, usage, label });
    const check = this.#device
      .popErrorScope()
      .then((error) => error && this.#options.onError(refused(label, size, error.message)))
      .catch(() => undefined) // the device is lost, which `gpu.lost` tells
      .then(() => void this.#checks.delete(check));
    this.#checks.add(check);
    return buffer;
  }

  [Symbol.dispose](): void {
    this.trim(0);
  }
}

function refused(label: string, size: number, message: string): WorkbenchError {
  return new WorkbenchError('out-of-memory', `No GPU memory for ${label} (${figure(size)}): ${message}`, {
    hint: SMALLER,
  });
}

/** Bytes that a request takes in the pool. */
export function bucketBytes(bytes: number): number {
  if (bytes > SMALL_BYTES) return Math.ceil(bytes / 256) * 256;
  return Math.max(256, 2 ** Math.ceil(Math.log2(Math.max(bytes, 1))));
}
