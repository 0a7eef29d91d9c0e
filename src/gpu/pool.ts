const BUFFER_USAGE = 0x80 | 0x4 | 0x8; // STORAGE | COPY_SRC | COPY_DST

/** Free lists of storage buffers by power-of-two size. Keeps at most `budgetBytes` idle. */
export class BufferPool {
  readonly #free = new Map<number, GPUBuffer[]>();
  readonly #device: GPUDevice;
  readonly #budgetBytes: number;
  #idleBytes = 0;
  liveBytes = 0;
  constructor(device: GPUDevice, budgetBytes = 256 * 2 ** 20) {
    this.#device = device;
    this.#budgetBytes = budgetBytes;
  }
  acquire(bytes: number, label: string): GPUBuffer {
    const bucket = Math.max(256, 2 ** Math.ceil(Math.log2(bytes)));
    const idle = this.#free.get(bucket)?.pop();
    if (idle) this.#idleBytes -= bucket;
    const buffer = idle ?? this.#device.createBuffer({ size: bucket, usage: BUFFER_USAGE, label });
    buffer.label = label;
    this.liveBytes += bucket;
    return buffer;
  }
  release(buffer: GPUBuffer): void {
    this.liveBytes -= buffer.size;
    if (this.#idleBytes + buffer.size > this.#budgetBytes) return buffer.destroy();
    this.#idleBytes += buffer.size;
    const list = this.#free.get(buffer.size);
    if (list) list.push(buffer);
    else this.#free.set(buffer.size, [buffer]);
  }
  [Symbol.dispose](): void {
    for (const list of this.#free.values()) for (const b of list) b.destroy();
    this.#free.clear();
  }
}
