import { PARAMS_BYTES } from './kernel.ts';

/** The layout of @group(1) of every kernel: one uniform block at a dynamic offset. */
export function uniformLayout(device: GPUDevice): GPUBindGroupLayout {
  const buffer = { type: 'uniform', hasDynamicOffset: true, minBindingSize: PARAMS_BYTES } as const;
  return device.createBindGroupLayout({
    label: 'params',
    entries: [{ binding: 0, visibility: GPUShaderStage.COMPUTE, buffer }],
  });
}

/**
 * One buffer in which the params of all submits go round. Queue order makes that safe: a write lands after the
 * dispatches submitted before it, so no fence is needed. One bind group serves every call.
 */
export class UniformRing implements Disposable {
  readonly #device: GPUDevice;
  readonly #layout: GPUBindGroupLayout;
  #buffer: GPUBuffer | undefined;
  #group: GPUBindGroup | undefined;
  #slots = 1024;
  #next = 0;

  constructor(device: GPUDevice, layout: GPUBindGroupLayout) {
    this.#device = device;
    this.#layout = layout;
  }

  /** Writes `calls` blocks of 256 bytes and says where they begin. */
  write(
    words: Uint32Array<ArrayBuffer>,
    calls: number,
  ): { readonly group: GPUBindGroup; readonly offset: number } {
    if (calls > this.#slots || !this.#buffer || !this.#group) this.#grow(calls);
    if (this.#next + calls > this.#slots) this.#next = 0;
    const offset = this.#next * PARAMS_BYTES;
    this.#device.queue.writeBuffer(this.#buffer as GPUBuffer, offset, words.buffer, 0, calls * PARAMS_BYTES);
    this.#next += calls;
    return { group: this.#group as GPUBindGroup, offset };
  }

  #grow(calls: number): void {
    while (this.#slots < calls) this.#slots *= 2;
    this.#buffer?.destroy();
    this.#buffer = this.#device.createBuffer({
      size: this.#slots * PARAMS_BYTES,
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      label: 'params',
    });
    this.#group = this.#device.createBindGroup({
      layout: this.#layout,
      entries: [{ binding: 0, resource: { buffer: this.#buffer, size: PARAMS_BYTES } }],
    });
    this.#next = 0;
  }

  [Symbol.dispose](): void {
    this.#buffer?.destroy();
  }
}
