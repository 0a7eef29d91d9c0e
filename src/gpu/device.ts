import { WorkbenchError } from '#base/errors.ts';
import { type Kernel, reflect } from './kernel.ts';
import { BufferPool } from './pool.ts';
import { Recorder } from './recorder.ts';
import { Scope } from './scope.ts';
import type { Tensor } from './tensor.ts';

export interface GpuCaps {
  readonly f16: boolean;
  readonly subgroupSize: readonly [min: number, max: number] | undefined;
  readonly timestamps: boolean;
  readonly maxStorageBuffers: number;
  readonly maxBindingBytes: number;
  readonly workgroupBytes: number;
  readonly fallback: boolean;
}

/** The one holder of a GPUDevice. Lives in the engine worker. */
export class Gpu implements Disposable {
  readonly device: GPUDevice;
  readonly caps: GpuCaps;
  readonly pool: BufferPool;
  readonly lost: Promise<WorkbenchError>;
  readonly #pipelines = new Map<string, GPUComputePipeline>();
  readonly #groups = new WeakMap<GPUComputePipeline, Map<string, GPUBindGroup>>();
  readonly #ids = new WeakMap<GPUBuffer, number>();
  #nextId = 0;

  private constructor(device: GPUDevice, caps: GpuCaps) {
    this.device = device;
    this.caps = caps;
    this.pool = new BufferPool(device);
    this.lost = device.lost.then((i) => new WorkbenchError('device-lost', i.message));
  }

  static async open(): Promise<Gpu> {
    const adapter = await navigator.gpu?.requestAdapter({ powerPreference: 'high-performance' });
    if (!adapter)
      throw new WorkbenchError('gpu-unavailable', 'No WebGPU adapter', {
        hint: 'Use a recent Chrome, Edge, Firefox or Safari.',
      });
    const L = adapter.limits,
      has = (f: GPUFeatureName) => adapter.features.has(f);
    const wanted = (['shader-f16', 'subgroups', 'timestamp-query'] as const).filter(has);
    const device = await adapter.requestDevice({
      requiredFeatures: wanted,
      requiredLimits: {
        maxStorageBuffersPerShaderStage: L.maxStorageBuffersPerShaderStage,
        maxStorageBufferBindingSize: L.maxStorageBufferBindingSize,
        maxBufferSize: L.maxBufferSize,
        maxComputeWorkgroupStorageSize: L.maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup: L.maxComputeInvocationsPerWorkgroup,
      },
    });
    return new Gpu(device, {
      f16: has('shader-f16'),
      subgroupSize: has('subgroups')
        ? [adapter.info.subgroupMinSize, adapter.info.subgroupMaxSize]
        : undefined,
      timestamps: has('timestamp-query'),
      maxStorageBuffers: L.maxStorageBuffersPerShaderStage,
      maxBindingBytes: L.maxStorageBufferBindingSize,
      workgroupBytes: L.maxComputeWorkgroupStorageSize,
      fallback: adapter.info.isFallbackAdapter,
    });
  }

  scope(label: string): Scope {
    return new Scope(this.pool, label);
  }
  record(label: string): Recorder {
    return new Recorder(this, label);
  }

  pipeline(kernel: Kernel, constants: Record<string, number>): GPUComputePipeline {
    const key = `${kernel.spec.name}|${kernel.spec.entry ?? 'main'}|${Object.entries(constants).sort().join()}`;
    let p = this.#pipelines.get(key);
    if (!p) {
      const { code, entry, layouts } = reflect(kernel);
      const module = this.device.createShaderModule({ code, label: kernel.spec.name });
      const layout = this.device.createPipelineLayout({
        bindGroupLayouts: layouts.map((d) => this.device.createBindGroupLayout(d)),
      });
      p = this.device.createComputePipeline({
        layout,
        label: key,
        compute: { module, entryPoint: entry, constants },
      });
      this.#pipelines.set(key, p);
    }
    return p;
  }

  bindGroup(kernel: Kernel, pipeline: GPUComputePipeline, tensors: Record<string, Tensor>): GPUBindGroup {
    const id = (b: GPUBuffer) => {
      let n = this.#ids.get(b);
      if (n === undefined) this.#ids.set(b, (n = this.#nextId++));
      return n;
    };
    const key = kernel.spec.tensors
      .map((n) => `${id(tensors[n]!.buffer)}:${tensors[n]!.byteOffset}:${tensors[n]!.byteLength}`)
      .join();
    let cache = this.#groups.get(pipeline);
    if (!cache) this.#groups.set(pipeline, (cache = new Map()));
    let g = cache.get(key);
    if (!g) {
      g = this.device.createBindGroup({
        layout: pipeline.getBindGroupLayout(0),
        entries: kernel.spec.tensors.map((n) => ({
          binding: reflect(kernel).defs.storages[n]!.binding,
          resource: {
            buffer: tensors[n]!.buffer,
            offset: tensors[n]!.byteOffset,
            size: tensors[n]!.byteLength,
          },
        })),
      });
      cache.set(key, g);
    }
    return g;
  }

  uniforms(bytes: Uint8Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.device.createBuffer({
      size: Math.max(256, bytes.byteLength),
      usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      label: 'params',
    });
    this.device.queue.writeBuffer(buffer, 0, bytes);
    return buffer;
  }
  uniformGroup(pipeline: GPUComputePipeline, buffer: GPUBuffer): GPUBindGroup {
    return this.device.createBindGroup({
      layout: pipeline.getBindGroupLayout(1),
      entries: [{ binding: 0, resource: { buffer, size: 256 } }],
    });
  }
  write(t: Tensor, data: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>): void {
    this.device.queue.writeBuffer(t.buffer, t.byteOffset, data);
  }
  async read(t: Tensor): Promise<ArrayBuffer> {
    const staging = this.device.createBuffer({
      size: t.byteLength,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const e = this.device.createCommandEncoder();
    e.copyBufferToBuffer(t.buffer, t.byteOffset, staging, 0, t.byteLength);
    this.device.queue.submit([e.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const out = staging.getMappedRange().slice(0);
    staging.destroy();
    return out;
  }
  [Symbol.dispose](): void {
    this.pool[Symbol.dispose]();
    this.device.destroy();
  }
}
