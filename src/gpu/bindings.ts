import { reflect } from './kernel.ts';
import type { Program } from './pipelines.ts';
import type { Tensor } from './tensor.ts';

/** Groups kept; above it the cache starts afresh, which costs one creation a call and nothing else. */
const MAX_GROUPS = 8192;

/** Bind groups of @group(0) by kernel layout and by the windows bound. */
export class BindGroupCache {
  readonly #device: GPUDevice;
  readonly #ids = new WeakMap<object, number>();
  readonly #groups = new Map<string, GPUBindGroup>();
  readonly #keysOf = new Map<number, Set<string>>();
  #nextId = 0;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  get(program: Program, tensors: readonly Tensor[]): GPUBindGroup {
    let key = `${this.#id(program.layout)}`;
    for (const t of tensors) key += `|${this.#id(t.buffer)}:${t.byteOffset}:${t.byteLength}`;
    const known = this.#groups.get(key);
    if (known) return known;
    if (this.#groups.size >= MAX_GROUPS) this.clear();
    const made = this.#create(program, tensors);
    this.#groups.set(key, made);
    for (const t of tensors) this.#remember(this.#id(t.buffer), key);
    return made;
  }

  /** Drops every group on a buffer that is about to be destroyed. */
  forget(buffer: GPUBuffer): void {
    const id = this.#id(buffer);
    for (const key of this.#keysOf.get(id) ?? []) this.#groups.delete(key);
    this.#keysOf.delete(id);
  }

  clear(): void {
    this.#groups.clear();
    this.#keysOf.clear();
  }

  #create(program: Program, tensors: readonly Tensor[]): GPUBindGroup {
    return this.#device.createBindGroup({
      layout: program.layout,
      label: program.key,
      entries: reflect(program.kernel).storages.map((slot, i) => {
        const t = tensors[i] as Tensor;
        // An empty tensor still needs a binding; its buffer has at least 256 bytes.
        const size = Math.max(t.byteLength, 16);
        return { binding: slot.binding, resource: { buffer: t.buffer, offset: t.byteOffset, size } };
      }),
    });
  }

  #remember(id: number, key: string): void {
    const keys = this.#keysOf.get(id);
    if (keys) keys.add(key);
    else this.#keysOf.set(id, new Set([key]));
  }

  #id(thing: object): number {
    let id = this.#ids.get(thing);
    if (id === undefined) {
      id = this.#nextId++;
      this.#ids.set(thing, id);
    }
    return id;
  }
}
