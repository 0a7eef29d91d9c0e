import { WorkbenchError } from '#base/errors.ts';
import { f16ToNumber } from '#base/num.ts';
import { BindGroupCache } from './bindings.ts';
import { type GpuCaps, readCaps, WANTED_LIMITS } from './caps.ts';
import { PipelineCache } from './pipelines.ts';
import { BufferPool } from './pool.ts';
import { type KernelTime, Profiler } from './profiler.ts';
import { Readback, StagingPool } from './readback.ts';
import { Recorder, type RecorderHost } from './recorder.ts';
import { Scope, type TensorData } from './scope.ts';
import { size, type Tensor } from './tensor.ts';
import { Timeline } from './timeline.ts';
import { UniformRing, uniformLayout } from './uniforms.ts';

export type { GpuCaps } from './caps.ts';

export interface GpuOptions {
  /** Default navigator.gpu; Node passes Dawn's (open_node.ts). */
  readonly gpu?: GPU;
  readonly powerPreference?: GPUPowerPreference;
  /** Test switch: pretends another class or lower limits, so that every path runs on every adapter. */
  readonly caps?: Partial<GpuCaps>;
  readonly idleBudgetBytes?: number;
}

const NO_GPU_HINT =
  'Use a recent Chrome, Edge, Firefox or Safari with hardware acceleration on, or open a shared view without a GPU.';

/** The one holder of a GPUDevice. Lives in the engine worker. */
export class Gpu implements RecorderHost, Disposable {
  readonly device: GPUDevice;
  readonly caps: GpuCaps;
  readonly pool: BufferPool;
  readonly timeline = new Timeline();
  readonly programs: PipelineCache;
  readonly groups: BindGroupCache;
  readonly uniforms: UniformRing;
  /** Resolves once when the device is gone, unless this object was disposed. */
  readonly lost: Promise<WorkbenchError>;
  readonly #staging: StagingPool;
  #profiler: Profiler | undefined;
  #complaint: WorkbenchError | undefined;
  #gone: WorkbenchError | undefined;
  #disposed = false;

  private constructor(device: GPUDevice, caps: GpuCaps, options: GpuOptions) {
    this.device = device;
    this.caps = caps;
    this.groups = new BindGroupCache(device);
    this.pool = new BufferPool(device, {
      maxBufferBytes: caps.maxBufferBytes,
      later: (work) => this.timeline.run(work),
      onError: (error) => this.#complain(error),
      onDestroy: (buffer) => this.groups.forget(buffer),
      ...(options.idleBudgetBytes !== undefined && { idleBudgetBytes: options.idleBudgetBytes }),
    });
    const layout = uniformLayout(device);
    this.programs = new PipelineCache(device, layout);
    this.uniforms = new UniformRing(device, layout);
    this.#staging = new StagingPool(this);
    this.lost = this.#watchLoss();
    device.addEventListener('uncapturederror', (event) => {
      event.preventDefault();
      this.#complain(complaint(event.error));
    });
  }

  /**
   * Opens the best adapter with all of its limits that kernels use, and f16, subgroups and timestamps where it has them.
   * @throws WorkbenchError('gpu-unavailable') with a hint for the person.
   */
  static async open(options: GpuOptions = {}): Promise<Gpu> {
    const gpu = options.gpu ?? globalThis.navigator?.gpu;
    const adapter = await gpu?.requestAdapter({
      powerPreference: options.powerPreference ?? 'high-performance',
    });
    if (!adapter)
      throw new WorkbenchError(
        'gpu-unavailable',
        gpu ? 'This browser offers no WebGPU adapter' : 'This browser has no WebGPU',
        { hint: NO_GPU_HINT },
      );
    const requiredFeatures = (['shader-f16', 'subgroups', 'timestamp-query'] as const).filter((f) =>
      adapter.features.has(f),
    );
    const requiredLimits = Object.fromEntries(WANTED_LIMITS.map((l) => [l, adapter.limits[l]]));
    try {
      const device = await adapter.requestDevice({ requiredFeatures, requiredLimits, label: 'headlight' });
      return new Gpu(device, readCaps(device, adapter.info, options.caps), options);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new WorkbenchError('gpu-unavailable', `The adapter gave no device: ${why}`, {
        cause,
        hint: NO_GPU_HINT,
      });
    }
  }

  scope(label: string): Scope {
    return new Scope(this, label);
  }
  record(label: string): Recorder {
    return new Recorder(this, label);
  }

  /**
   * Writes `data` to the start of `t`, in order with submits. The data may change as soon as this returns.
   * @throws WorkbenchError('shape') when data and tensor differ in length.
   */
  write(t: Tensor, data: TensorData): void {
    const exact = data.byteLength === t.byteLength;
    // An odd count of f16 values ends in the middle of a word, which the tensor's last two bytes fill.
    if (!exact && !(t.dtype === 'f16' && data.byteLength === t.byteLength - 2))
      throw new WorkbenchError(
        'shape',
        `write: ${data.byteLength} bytes for ${t.label} [${t.shape}] of ${t.byteLength} bytes`,
      );
    if (data.byteLength === 0) return;
    let source: TensorData | Uint8Array<ArrayBuffer> = data;
    if (!exact || !this.timeline.isClear) {
      source = new Uint8Array(t.byteLength);
      source.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
    }
    const { buffer, byteOffset, byteLength } = source;
    this.timeline.run(() =>
      this.device.queue.writeBuffer(t.buffer, t.byteOffset, buffer, byteOffset, byteLength),
    );
  }

  /** Zeros in `t`, in order with submits. */
  clear(t: Tensor): void {
    if (t.byteLength === 0) return;
    this.timeline.run(() => {
      const encoder = this.device.createCommandEncoder({ label: `clear ${t.label}` });
      encoder.clearBuffer(t.buffer, t.byteOffset, t.byteLength);
      this.device.queue.submit([encoder.finish()]);
    });
  }

  /** The bytes of `t` after all work asked for so far. Waits for the GPU: say at the call who waits. */
  read(t: Tensor): Promise<ArrayBuffer> {
    return this.#staging.read(t);
  }
  /** The values of an f32 or f16 tensor. Waits for the GPU. */
  async readF32(t: Tensor): Promise<Float32Array<ArrayBuffer>> {
    const bytes = await this.read(t);
    if (t.dtype !== 'f16') return new Float32Array(bytes);
    return Float32Array.from(new Uint16Array(bytes, 0, size(t.shape)), f16ToNumber);
  }
  /** The values of a u32 tensor. Waits for the GPU. */
  async readU32(t: Tensor): Promise<Uint32Array<ArrayBuffer>> {
    return new Uint32Array(await this.read(t));
  }
  /** A ring of `slots` staging buffers of `bytes` each, for results of a loop. The caller disposes of it. */
  readback(slots: number, bytes: number): Readback {
    return new Readback(this, slots, bytes);
  }

  /** Waits until the GPU has done all work asked for so far; throws what went wrong in it. */
  async idle(): Promise<void> {
    await this.pool.unchecked;
    await this.timeline.drained();
    await this.device.queue.onSubmittedWorkDone();
    this.check();
  }

  /**
   * Times every dispatch that `work` submits. Each runs in its own pass then, so the sum is an upper bound.
   * @throws WorkbenchError('kernel') on an adapter without timestamp queries.
   */
  async profile(work: () => Promise<void>): Promise<KernelTime[]> {
    if (!this.caps.timestamps)
      throw new WorkbenchError('kernel', 'This adapter has no timestamp queries, so kernels cannot be timed');
    this.#profiler = new Profiler(this.device);
    try {
      await work();
      await this.timeline.drained();
      return await this.#profiler.finish();
    } finally {
      this.#profiler = undefined;
    }
  }
  get profiler(): Profiler | undefined {
    return this.#profiler;
  }

  /** Throws what the device complained of since the last check; for good once it is lost. */
  check(): void {
    if (this.#gone) throw this.#gone;
    const error = this.#complaint;
    this.#complaint = undefined;
    if (error) throw error;
  }

  #complain(error: WorkbenchError): void {
    // The first complaint is the cause; those after it follow from it.
    this.#complaint ??= error;
  }

  #watchLoss(): Promise<WorkbenchError> {
    return new Promise((resolve) => {
      void this.device.lost.then((info) => {
        this.#gone = new WorkbenchError('device-lost', info.message || 'The GPU device was lost', {
          hint: 'The engine restarts and takes up the run from its last checkpoint.',
        });
        if (!this.#disposed) resolve(this.#gone);
      });
    });
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.pool[Symbol.dispose]();
    this.uniforms[Symbol.dispose]();
    this.#staging[Symbol.dispose]();
    this.device.destroy();
  }
}

function complaint(error: GPUError): WorkbenchError {
  const memory = typeof GPUOutOfMemoryError !== 'undefined' && error instanceof GPUOutOfMemoryError;
  return memory
    ? new WorkbenchError('out-of-memory', error.message, { hint: 'Choose a smaller size or batch.' })
    : new WorkbenchError('kernel', error.message);
}
