import type { Grid } from './kernel.ts';

/** One timed dispatch. */
export interface KernelTime {
  readonly kernel: string;
  readonly grid: Grid;
  /** Microseconds on the GPU. Chrome rounds to 100 unless developer features are on. */
  readonly us: number;
}

/** Dispatches that one profile can time: a query set has at most 4096 entries, two a dispatch. */
const MAX_TIMED = 2048;

/** Times every dispatch between its making and `finish`; each then runs in a pass of its own. */
export class Profiler {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  readonly #seen: { kernel: string; grid: Grid }[] = [];
  /** Dispatches that came after the query set was full. */
  leftOut = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
    this.#queries = device.createQuerySet({ type: 'timestamp', count: MAX_TIMED * 2 });
  }

  /** Where the next pass writes its begin and end; undefined when the set is full. */
  stamp(kernel: string, grid: Grid): GPUComputePassTimestampWrites | undefined {
    const at = this.#seen.length;
    if (at >= MAX_TIMED) {
      this.leftOut++;
      return undefined;
    }
    this.#seen.push({ kernel, grid });
    return { querySet: this.#queries, beginningOfPassWriteIndex: at * 2, endOfPassWriteIndex: at * 2 + 1 };
  }

  /** Waits for the GPU and gives the times in order of dispatch; the profiler is spent then. */
  async finish(): Promise<KernelTime[]> {
    const bytes = Math.max(this.#seen.length * 16, 16);
    const usage = GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC;
    const resolved = this.#device.createBuffer({ size: bytes, usage });
    const staging = this.#device.createBuffer({
      size: bytes,
      usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    });
    const encoder = this.#device.createCommandEncoder();
    if (this.#seen.length > 0) encoder.resolveQuerySet(this.#queries, 0, this.#seen.length * 2, resolved, 0);
    encoder.copyBufferToBuffer(resolved, 0, staging, 0, bytes);
    this.#device.queue.submit([encoder.finish()]);
    await staging.mapAsync(GPUMapMode.READ);
    const ns = new BigUint64Array(staging.getMappedRange());
    const times = this.#seen.map((s, i) => ({
      ...s,
      us: Number((ns[2 * i + 1] as bigint) - (ns[2 * i] as bigint)) / 1000,
    }));
    resolved.destroy();
    staging.destroy();
    this.#queries.destroy();
    return times;
  }
}

/** Sums of a profile by kernel and grid, longest first. */
export function timeTable(
  times: readonly KernelTime[],
): readonly (KernelTime & { readonly calls: number })[] {
  const sums = new Map<string, KernelTime & { calls: number }>();
  for (const t of times) {
    const key = `${t.kernel} ${t.grid}`;
    const sum = sums.get(key);
    sums.set(key, { ...t, us: t.us + (sum?.us ?? 0), calls: 1 + (sum?.calls ?? 0) });
  }
  return [...sums.values()].sort((a, b) => b.us - a.us);
}
