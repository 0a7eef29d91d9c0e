import {
  makeBindGroupLayoutDescriptors,
  makeShaderDataDefinitions,
  type ShaderDataDefinitions,
} from 'webgpu-utils';
import { WorkbenchError } from '#base/errors.ts';

export type Grid = readonly [x: number, y?: number, z?: number];

export interface KernelSpec<B extends string, P extends string, C extends string> {
  /** Path of the .wgsl below src/shaders, without the ending, then the entry if it is not `main`: 'sae/select_topk'. */
  readonly name: string;
  readonly source: string;
  /** Shared WGSL put before `source`, in order. */
  readonly lib?: readonly string[];
  readonly entry?: string;
  /** Storage bindings of @group(0), by WGSL name. */
  readonly tensors: readonly B[];
  /** Fields of `struct Params`, bound at @group(1) @binding(0). */
  readonly params: readonly P[];
  /** Defaults of WGSL `override` constants. */
  readonly constants?: Readonly<Record<C, number>>;
  readonly grid: (params: Readonly<Record<P, number>>, constants: Readonly<Record<C, number>>) => Grid;
}

export interface Reflection {
  readonly code: string;
  readonly entry: string;
  readonly defs: ShaderDataDefinitions;
  readonly layouts: readonly GPUBindGroupLayoutDescriptor[];
  readonly writes: ReadonlySet<string>;
}

/** A spec whose names have not been compared with the WGSL yet; `reflect` does that on first use. */
export interface Kernel<B extends string = string, P extends string = string, C extends string = string> {
  readonly spec: KernelSpec<B, P, C>;
}

export function defineKernel<const B extends string, const P extends string, const C extends string = never>(
  spec: KernelSpec<B, P, C>,
): Kernel<B, P, C> {
  return { spec };
}

const cache = new WeakMap<object, Reflection>();
const sameNames = (a: readonly string[], b: readonly string[]) =>
  a.length === b.length && a.every((n) => b.includes(n));

/**
 * Parses the WGSL (1 to 9 ms a shader, so never at import time) and compares it with the spec.
 *
 * @throws WorkbenchError('kernel') when bindings, params or the entry point differ by name.
 */
export function reflect(kernel: Kernel<any, any, any>): Reflection {
  const known = cache.get(kernel);
  if (known) return known;
  const spec = (kernel as Kernel).spec;
  const entry = spec.entry ?? 'main';
  const code = [...(spec.lib ?? []), spec.source].join('\n');
  const defs = makeShaderDataDefinitions(code);
  const point = defs.entryPoints[entry];
  if (!point) throw new WorkbenchError('kernel', `${spec.name}: no entry point '${entry}'`);
  // Reflection lists resources by first use, so put them back in binding order.
  const storage = point.resources
    .filter((r) => r.group === 0)
    .sort((a, b) => a.entry.binding - b.entry.binding)
    .map((r) => r.name);
  if (!sameNames(spec.tensors, storage)) {
    throw new WorkbenchError(
      'kernel',
      `${spec.name}: spec binds [${spec.tensors}], shader uses [${storage}]`,
    );
  }
  const fields = Object.keys(defs.structs['Params']?.fields ?? {});
  if (!sameNames(spec.params, fields)) {
    throw new WorkbenchError(
      'kernel',
      `${spec.name}: spec has params [${spec.params}], shader has [${fields}]`,
    );
  }
  const layouts = makeBindGroupLayoutDescriptors(defs, { compute: { entryPoint: entry } });
  for (const e of layouts[1]?.entries ?? []) if (e.buffer) e.buffer.hasDynamicOffset = true;
  const writes = new Set(
    point.resources.filter((r) => r.entry.buffer?.type === 'storage').map((r) => r.name),
  );
  const made: Reflection = { code, entry, defs, layouts, writes };
  cache.set(kernel, made);
  return made;
}
