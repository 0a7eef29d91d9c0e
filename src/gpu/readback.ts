import { WorkbenchError } from '#base/errors.ts';
import type { Tensor } from './tensor.ts';
import type { Timeline } from './timeline.ts';

/** What read-backs need of the device. */
export interface ReadbackHost {
  readonly device: GPUDevice;
  readonly timeline: Timeline;
  check(): void;
}

const STAGING = 0x1 | 0x8; // MAP_READ | COPY_DST, also where GPUBufferUsage is not defined yet

/** Mappable buffers by size (powers of two), reused. */
export class StagingPool implements Disposable {
  readonly #host: ReadbackHost;
  readonly #free = new Map<number, GPUBuffer[]>();
  /** Staging buffers above this size are destroyed after use. */
  readonly #keepBytes = 4 * 2 ** 20;

  constructor(host: ReadbackHost) {
    this.#host = host;
  }

  /** The bytes of `t` after all work asked for so far. Waits for the GPU. */
  async read(t: Tensor): Promise<ArrayBuffer> {
    if (t.byteLength === 0) return new ArrayBuffer(0);
    const size = Math.max(256, 2 ** Math.ceil(Math.log2(t.byteLength)));
    const staging = this.#free.get(size)?.pop() ?? this.#make(size);
    const mapped = this.#host.timeline.after(undefined, () => {
      this.#host.check();
      copyOut(this.#host.device, t, staging);
      return { done: staging.mapAsync(GPUMapMode.READ, 0, t.byteLength) };
    });
    const bytes = await takeMapped(this.#host, staging, mapped, t.byteLength);
    if (size > this.#keepBytes) staging.destroy();
    else this.#keep(size, staging);
    return bytes;
  }

  #make(size: number): GPUBuffer {
    return this.#host.device.createBuffer({ size, usage: STAGING, label: 'read' });
  }
  #keep(size: number, staging: GPUBuffer): void {
    const list = this.#free.get(size);
    if (list) list.push(staging);
    else this.#free.set(size, [staging]);
  }

  [Symbol.dispose](): void {
    for (const list of this.#free.values()) for (const b of list) b.destroy();
    this.#free.clear();
  }
}

/**
 * Small results of a loop, read without waiting in it: `push` after each step, `poll` takes what has arrived, `next`
 * waits for the oldest. `push` waits only while every slot is still in flight, so the loop runs at most `slots` ahead.
 */
export class Readback implements Disposable {
  readonly #host: ReadbackHost;
  readonly #bytes: number;
  readonly #idle: GPUBuffer[];
  readonly #all: readonly GPUBuffer[];
  /** Results in order of push, settled or not. */
  readonly #queue: { readonly bytes: Promise<ArrayBuffer>; value: ArrayBuffer | undefined }[] = [];
  readonly #landed = new Set<() => void>();

  constructor(host: ReadbackHost, slots: number, bytes: number) {
    this.#host = host;
    this.#bytes = Math.ceil(bytes / 4) * 4;
    this.#all = Array.from({ length: slots }, () =>
      host.device.createBuffer({ size: this.#bytes, usage: STAGING, label: 'readback' }),
    );
    this.#idle = [...this.#all];
  }

  /** Results pushed and not taken yet. */
  get length(): number {
    return this.#queue.length;
  }

  /**
   * Copies `t` as it is after everything submitted so far. Resolves at once while a slot is free.
   * @throws WorkbenchError('shape') when `t` is larger than a slot.
   */
  async push(t: Tensor): Promise<void> {
    if (t.byteLength > this.#bytes)
      throw new WorkbenchError(
        'shape',
        `readback: ${t.label} has ${t.byteLength} bytes, a slot ${this.#bytes}`,
      );
    while (this.#idle.length === 0) await new Promise<void>((go) => this.#landed.add(go));
    const staging = this.#idle.pop() as GPUBuffer;
    const mapped = this.#host.timeline.after(undefined, () => {
      copyOut(this.#host.device, t, staging);
      return { done: staging.mapAsync(GPUMapMode.READ, 0, t.byteLength) };
    });
    const entry = {
      bytes: this.#land(staging, mapped, t.byteLength).then((b) => {
        entry.value = b;
        return b;
      }),
      value: undefined as ArrayBuffer | undefined,
    };
    entry.bytes.catch(() => undefined); // whoever takes the result sees the error
    this.#queue.push(entry);
  }

  /** Takes results that have arrived, oldest first, without waiting. */
  poll(): ArrayBuffer[] {
    const out: ArrayBuffer[] = [];
    for (let head = this.#queue[0]; head?.value; head = this.#queue[0]) {
      out.push(head.value);
      this.#queue.shift();
    }
    return out;
  }

  /** Takes the oldest result, waiting for it; undefined when none is under way. */
  async next(): Promise<ArrayBuffer | undefined> {
    return await this.#queue.shift()?.bytes;
  }

  /** Takes all results, waiting for the last. */
  async drain(): Promise<ArrayBuffer[]> {
    const all = this.#queue.splice(0);
    return await Promise.all(all.map((e) => e.bytes));
  }

  async #land(
    staging: GPUBuffer,
    mapped: Promise<{ done: Promise<undefined> }>,
    bytes: number,
  ): Promise<ArrayBuffer> {
    try {
      return await takeMapped(this.#host, staging, mapped, bytes);
    } finally {
      this.#idle.push(staging);
      for (const go of this.#landed) go();
      this.#landed.clear();
    }
  }

  [Symbol.dispose](): void {
    for (const b of this.#all) this.#host.timeline.run(() => b.destroy());
  }
}

function copyOut(device: GPUDevice, t: Tensor, staging: GPUBuffer): void {
  const encoder = device.createCommandEncoder({ label: `read ${t.label}` });
  encoder.copyBufferToBuffer(t.buffer, t.byteOffset, staging, 0, t.byteLength);
  device.queue.submit([encoder.finish()]);
}

async function takeMapped(
  host: ReadbackHost,
  staging: GPUBuffer,
  mapped: Promise<{ done: Promise<undefined> }>,
  bytes: number,
): Promise<ArrayBuffer> {
  const { done } = await mapped;
  try {
    await done;
  } catch (cause) {
    host.check(); // says why, when the device did
    throw new WorkbenchError('device-lost', 'The read-back was given up by the device', { cause });
  }
  host.check();
  const out = staging.getMappedRange(0, bytes).slice(0);
  staging.unmap();
  return out;
}
