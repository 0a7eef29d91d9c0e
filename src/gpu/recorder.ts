import { makeStructuredView } from 'webgpu-utils';
import { WorkbenchError } from '#base/errors.ts';
import type { Gpu } from './device.ts';
import { type Kernel, reflect } from './kernel.ts';
import type { Tensor } from './tensor.ts';

export type KernelCall<K> =
  K extends Kernel<infer B, infer P, infer C>
    ? {
        readonly tensors: Readonly<Record<B, Tensor>>;
        readonly params: Readonly<Record<P, number>>;
        readonly constants?: Partial<Record<C, number>>;
      }
    : never;

interface Recorded {
  readonly pipeline: GPUComputePipeline;
  readonly group0: GPUBindGroup;
  readonly offset: number;
  readonly grid: readonly [number, number, number];
  readonly label: string;
}

const UNIFORM_STRIDE = 256;

/** Collects dispatches; `submit()` uploads every params block in one write and encodes one pass. */
export class Recorder {
  readonly #gpu: Gpu;
  readonly #calls: Recorded[] = [];
  readonly #params: ArrayBuffer[] = [];
  readonly label: string;
  constructor(gpu: Gpu, label: string) {
    this.#gpu = gpu;
    this.label = label;
  }

  run<K extends Kernel<any, any, any>>(kernel: K, call: KernelCall<K>): void {
    const { spec } = kernel as Kernel;
    const { defs, writes } = reflect(kernel);
    const tensors: Record<string, Tensor> = call.tensors;
    const written = new Set([...writes].map((n) => tensors[n]!.buffer));
    for (const n of spec.tensors)
      if (!writes.has(n) && written.has(tensors[n]!.buffer))
        throw new WorkbenchError('kernel', `${spec.name}: ${n} is read and written at once`);
    const constants = { ...spec.constants, ...call.constants } as Record<string, number>;
    const view = makeStructuredView(defs.uniforms['params']!);
    view.set(call.params);
    this.#params.push(view.arrayBuffer);
    const [x, y = 1, z = 1] = spec.grid(call.params, constants);
    if (Math.max(x, y, z) > 65535)
      throw new WorkbenchError('kernel', `${spec.name}: grid ${[x, y, z]} exceeds 65535`);
    const pipeline = this.#gpu.pipeline(kernel as Kernel, constants);
    this.#calls.push({
      pipeline,
      group0: this.#gpu.bindGroup(kernel as Kernel, pipeline, tensors),
      offset: (this.#params.length - 1) * UNIFORM_STRIDE,
      grid: [x, y, z],
      label: spec.name,
    });
  }

  submit(): void {
    const { device } = this.#gpu;
    const bytes = new Uint8Array(this.#params.length * UNIFORM_STRIDE);
    this.#params.forEach((p, i) => bytes.set(new Uint8Array(p), i * UNIFORM_STRIDE));
    const uniforms = this.#gpu.uniforms(bytes);
    const encoder = device.createCommandEncoder({ label: this.label });
    const pass = encoder.beginComputePass({ label: this.label });
    for (const c of this.#calls) {
      pass.setPipeline(c.pipeline);
      pass.setBindGroup(0, c.group0);
      pass.setBindGroup(1, this.#gpu.uniformGroup(c.pipeline, uniforms), [c.offset]);
      pass.dispatchWorkgroups(...c.grid);
    }
    pass.end();
    device.queue.submit([encoder.finish()]);
  }
}
