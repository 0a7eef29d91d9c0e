import { WorkbenchError } from '#base/errors.ts';
import type { BindGroupCache } from './bindings.ts';
import type { GpuCaps } from './caps.ts';
import { type Kernel, PARAMS_BYTES, reflect } from './kernel.ts';
import type { PipelineCache, Program } from './pipelines.ts';
import type { BufferPool } from './pool.ts';
import type { Profiler } from './profiler.ts';
import { BINDING_ALIGN, type Tensor } from './tensor.ts';
import type { Timeline } from './timeline.ts';
import type { UniformRing } from './uniforms.ts';

/** What one call of kernel K must be given: every tensor and every param by name, constants if they differ. */
export type KernelCall<K> =
  K extends Kernel<infer B, infer P, infer C>
    ? {
        readonly tensors: Readonly<Record<B, Tensor>>;
        readonly params: Readonly<Record<P, number>>;
        readonly constants?: Partial<Record<C, number>>;
      }
    : never;

/** What a recorder needs of the device. */
export interface RecorderHost {
  readonly device: GPUDevice;
  readonly caps: GpuCaps;
  readonly pool: BufferPool;
  readonly timeline: Timeline;
  readonly programs: PipelineCache;
  readonly groups: BindGroupCache;
  readonly uniforms: UniformRing;
  readonly profiler: Profiler | undefined;
  /** Throws what the device complained of since the last check. */
  check(): void;
}

interface Dispatch {
  readonly kind: 'run';
  readonly program: Program;
  /** In the order of the kernel's bindings. */
  readonly tensors: readonly Tensor[];
  readonly slot: number;
  readonly x: number;
  readonly y: number;
  readonly z: number;
}
interface Copy {
  readonly kind: 'copy';
  readonly src: Tensor;
  readonly dst: Tensor;
}
interface Clear {
  readonly kind: 'clear';
  readonly dst: Tensor;
}
type Recorded = Dispatch | Copy | Clear;

/** Workgroups per dimension that WebGPU guarantees. */
const MAX_GRID = 65535;
const WORDS = PARAMS_BYTES / 4;
/** WebGPU requires at least this many storage bindings of every adapter; kernels here use no more. */
const MAX_STORAGE = 8;

/** Collects dispatches; `submit()` uploads every params block in one write and encodes one pass. */
export class Recorder {
  readonly label: string;
  readonly #host: RecorderHost;
  #ops: Recorded[] = [];
  #calls = 0;
  #words = new Uint32Array(WORDS * 16);
  #floats = new Float32Array(this.#words.buffer);

  constructor(host: RecorderHost, label: string) {
    this.#host = host;
    this.label = label;
  }

  /** What the adapter can do; ops choose kernels by it. */
  get caps(): GpuCaps {
    return this.#host.caps;
  }
  /** Calls, copies and clears recorded since the last submit. */
  get length(): number {
    return this.#ops.length;
  }

  /**
   * Records one dispatch. Dispatches run in the order recorded, and each sees what those before it wrote.
   * @throws WorkbenchError('kernel') for a tensor read and written at once, a window that is not at a multiple of 256
   * bytes, a binding or grid over the limits, a param that is not of its type.
   */
  run<B extends string, P extends string, C extends string>(
    kernel: Kernel<B, P, C>,
    call: KernelCall<Kernel<B, P, C>>,
  ): void {
    const plain = kernel as Kernel;
    const { spec } = plain;
    const given: Readonly<Record<string, Tensor>> = call.tensors;
    const params: Readonly<Record<string, number>> = call.params;
    const constants = call.constants
      ? ({ ...spec.constants, ...call.constants } as Record<string, number>)
      : spec.constants;
    const tensors = this.#bind(plain, given);
    const slot = this.#pack(plain, params);
    const [x, y = 1, z = 1] = spec.grid(params, constants ?? {});
    if (!(x <= MAX_GRID && y <= MAX_GRID && z <= MAX_GRID && x >= 0 && y >= 0 && z >= 0))
      throw new WorkbenchError('kernel', `${spec.name}: grid [${[x, y, z]}] exceeds 65535`);
    this.#ops.push({
      kind: 'run',
      program: this.#host.programs.get(plain, constants),
      tensors,
      slot,
      x,
      y,
      z,
    });
  }

  /**
   * Records a copy of src's bytes to dst, in order with the dispatches around it.
   * @throws WorkbenchError('shape') when they differ in length, 'kernel' when both lie in one buffer.
   */
  copy(src: Tensor, dst: Tensor): void {
    if (src.byteLength !== dst.byteLength)
      throw new WorkbenchError(
        'shape',
        `copy: ${src.label} [${src.shape}] has ${src.byteLength} bytes, ${dst.label} [${dst.shape}] ${dst.byteLength}`,
      );
    if (src.buffer === dst.buffer)
      throw new WorkbenchError('kernel', `copy: ${src.label} and ${dst.label} lie in one buffer`);
    if (src.byteLength > 0) this.#ops.push({ kind: 'copy', src, dst });
  }

  /** Records zeros into `t`, in order with the dispatches around it. */
  clear(t: Tensor): void {
    if (t.byteLength > 0) this.#ops.push({ kind: 'clear', dst: t });
  }

  /**
   * Hands everything recorded to the device in one submit and starts afresh. Always await it: the first time a kernel
   * is used this waits for its compilation; later it resolves at once, without waiting for the GPU.
   * @throws WorkbenchError('kernel' | 'out-of-memory' | 'device-lost')
   */
  submit(): Promise<void> {
    const ops = this.#ops;
    const words = this.#words;
    const calls = this.#calls;
    this.#ops = [];
    this.#calls = 0;
    const { timeline } = this.#host;
    const wait = this.#missing(ops);
    if (wait || !timeline.isClear) {
      // The words wait with the submit, so the next recording needs its own.
      this.#words = new Uint32Array(WORDS * 16);
      this.#floats = new Float32Array(this.#words.buffer);
    }
    return timeline.after(wait, () => {
      this.#host.check();
      if (ops.length > 0) this.#encode(ops, words, calls);
    });
  }

  #missing(ops: readonly Recorded[]): Promise<unknown> | undefined {
    const waits: Promise<unknown>[] = [];
    for (const op of ops) if (op.kind === 'run' && !op.program.pipeline) waits.push(compiled(op.program));
    const allocations = this.#host.pool.unchecked;
    if (allocations) waits.push(allocations);
    return waits.length > 0 ? Promise.all(waits) : undefined;
  }

  #bind(kernel: Kernel, given: Readonly<Record<string, Tensor>>): Tensor[] {
    const { name } = kernel.spec;
    const { storages } = reflect(kernel);
    const { caps } = this.#host;
    if (storages.length > Math.min(MAX_STORAGE, caps.maxStorageBuffers))
      throw new WorkbenchError('kernel', `${name} binds ${storages.length} tensors, at most ${MAX_STORAGE}`);
    const tensors: Tensor[] = [];
    for (const slot of storages) {
      const t = given[slot.name];
      if (!t) throw new WorkbenchError('kernel', `${name}: no tensor for ${slot.name}`);
      if (t.byteOffset % BINDING_ALIGN !== 0)
        throw new WorkbenchError(
          'kernel',
          `${name}: ${slot.name} (${t.label}) starts at byte ${t.byteOffset}, not at a multiple of 256`,
        );
      if (t.byteLength > caps.maxBindingBytes)
        throw new WorkbenchError(
          'kernel',
          `${name}: ${slot.name} (${t.label}) has ${t.byteLength} bytes; this adapter binds at most ${caps.maxBindingBytes}`,
        );
      tensors.push(t);
    }
    // WebGPU looks at whole buffers for read beside write, and at ranges for write beside write.
    for (let a = 0; a < storages.length; a++)
      for (let b = 0; b < storages.length; b++)
        if (a !== b && storages[a]?.writable && clashes(tensors[a], tensors[b], storages[b]?.writable))
          throw new WorkbenchError(
            'kernel',
            `${name}: ${storages[b]?.name} (${tensors[b]?.label}) shares a buffer with ${storages[a]?.name}, which is written`,
          );
    return tensors;
  }

  #pack(kernel: Kernel, params: Readonly<Record<string, number>>): number {
    if ((this.#calls + 1) * WORDS > this.#words.length) this.#growWords();
    const base = this.#calls * WORDS;
    for (const p of reflect(kernel).params) {
      const value = params[p.name] as number;
      const fits =
        p.type === 'u32'
          ? value >>> 0 === value
          : p.type === 'i32'
            ? (value | 0) === value
            : Number.isFinite(value);
      if (!fits)
        throw new WorkbenchError(
          'kernel',
          `${kernel.spec.name}: param ${p.name} = ${value} is not a ${p.type}`,
        );
      if (p.type === 'f32') this.#floats[base + p.word] = value;
      else this.#words[base + p.word] = value;
    }
    return this.#calls++;
  }

  #growWords(): void {
    const more = new Uint32Array(this.#words.length * 2);
    more.set(this.#words);
    this.#words = more;
    this.#floats = new Float32Array(more.buffer);
  }

  #encode(ops: readonly Recorded[], words: Uint32Array<ArrayBuffer>, calls: number): void {
    const { device, uniforms, groups, profiler } = this.#host;
    const ring = calls > 0 ? uniforms.write(words, calls) : undefined;
    const encoder = device.createCommandEncoder({ label: this.label });
    let pass: GPUComputePassEncoder | undefined;
    for (const op of ops) {
      if (op.kind !== 'run' || profiler) {
        pass?.end();
        pass = undefined;
      }
      if (op.kind === 'copy') copyBytes(encoder, op.src, op.dst);
      else if (op.kind === 'clear') encoder.clearBuffer(op.dst.buffer, op.dst.byteOffset, op.dst.byteLength);
      else {
        const { program } = op;
        const stamps = profiler?.stamp(program.kernel.spec.name, [op.x, op.y, op.z]);
        pass ??= encoder.beginComputePass({
          label: this.label,
          ...(stamps && { timestampWrites: stamps }),
        });
        pass.setPipeline(program.pipeline as GPUComputePipeline);
        pass.setBindGroup(0, groups.get(program, op.tensors));
        if (ring) pass.setBindGroup(1, ring.group, [ring.offset + op.slot * PARAMS_BYTES]);
        pass.dispatchWorkgroups(op.x, op.y, op.z);
      }
    }
    pass?.end();
    device.queue.submit([encoder.finish()]);
  }
}

function copyBytes(encoder: GPUCommandEncoder, src: Tensor, dst: Tensor): void {
  encoder.copyBufferToBuffer(src.buffer, src.byteOffset, dst.buffer, dst.byteOffset, src.byteLength);
}

/** Resolves when the program has its pipeline; a failed compilation rejects every submit that needs it. */
async function compiled(program: Program): Promise<void> {
  await program.compiling;
}

function clashes(written: Tensor | undefined, other: Tensor | undefined, alsoWritten?: boolean): boolean {
  if (!written || !other || written.buffer !== other.buffer) return false;
  if (!alsoWritten) return true;
  return (
    written.byteOffset < other.byteOffset + other.byteLength &&
    other.byteOffset < written.byteOffset + written.byteLength
  );
}
