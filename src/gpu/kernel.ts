import '#base/float16.ts';
import { makeShaderDataDefinitions, type ShaderDataDefinitions } from 'webgpu-utils';
import { WorkbenchError } from '#base/errors.ts';

/** Workgroups along x, y, z; each at most 65,535. */
export type Grid = readonly [x: number, y?: number, z?: number];

export interface KernelSpec<B extends string, P extends string, C extends string> {
  /** Path of the .wgsl below src/shaders without the ending, then '/entry' if the entry is not `main`: 'sae/select_topk'. */
  readonly name: string;
  readonly source: string;
  /** Shared WGSL put before `source`, in order. */
  readonly lib?: readonly string[];
  readonly entry?: string;
  /** Storage bindings of @group(0), by WGSL name. At most 8. */
  readonly tensors: readonly B[];
  /** Fields of `struct Params`, bound at @group(1) @binding(0). Scalars u32, i32 or f32. */
  readonly params: readonly P[];
  /** Defaults of WGSL lines `const NAME: u32 = 64u;` whose one literal is rewritten (never an `override`). */
  readonly constants?: Readonly<Record<C, number>>;
  /** Workgroups of one call; called with params and with every constant. */
  grid(params: Readonly<Record<P, number>>, constants: Readonly<Record<C, number>>): Grid;
  /** One sentence for docs/kernels.md; a paper goes in here. */
  readonly doc: string;
}

/** A spec whose names have not been compared with the WGSL yet; `reflect` does that on first use. */
export interface Kernel<B extends string = string, P extends string = string, C extends string = string> {
  readonly spec: KernelSpec<B, P, C>;
}

/** Where a field of Params goes: word index in the 64 words of one call, and how it is written. */
export interface ParamSlot {
  readonly name: string;
  readonly word: number;
  readonly type: 'u32' | 'i32' | 'f32';
}
/** One storage binding of @group(0). */
export interface StorageSlot {
  readonly name: string;
  readonly binding: number;
  readonly writable: boolean;
}
export interface Reflection {
  readonly entry: string;
  readonly storages: readonly StorageSlot[];
  readonly params: readonly ParamSlot[];
  /** Lines that `lib` puts before the kernel's own file. */
  readonly libLines: number;
}

/** Bytes of one call's params; also the alignment of dynamic uniform offsets. */
export const PARAMS_BYTES = 256;

/**
 * Names a WGSL kernel: `defineKernel({ name, source, tensors, params, constants?, grid, doc })`.
 * Nothing is parsed here; names that differ from the WGSL are refused at the first use.
 */
export function defineKernel<const B extends string, const P extends string, const C extends string = never>(
  spec: KernelSpec<B, P, C>,
): Kernel<B, P, C> {
  return { spec };
}

/** The kernel's whole text, with `constants` written in. Line n of the file is line n + libLines. */
export function shaderCode(spec: Kernel['spec'], constants: Readonly<Record<string, number>>): string {
  let code = [...(spec.lib ?? []), spec.source].join('\n');
  for (const [name, value] of Object.entries(constants)) code = rewriteConst(spec.name, code, name, value);
  // `enable` must come before everything; it moves to the first line and leaves its own line blank.
  const enables = code.match(/^(enable|requires|diagnostic)\b.*;$/gm) ?? [];
  if (enables.length === 0) return code;
  return `${[...new Set(enables)].join(' ')} ${code.replace(/^(enable|requires|diagnostic)\b.*;$/gm, '')}`;
}

function rewriteConst(kernel: string, code: string, name: string, value: number): string {
  const line = new RegExp(`^const ${name}\\s*:\\s*(u32|i32|f32|bool)\\s*=\\s*[^;]+;`, 'gm');
  const found = [...code.matchAll(line)];
  const type = found[0]?.[1];
  if (found.length !== 1 || !type)
    throw new WorkbenchError(
      'kernel',
      `${kernel}: expected one line 'const ${name}: <type> = <literal>;', found ${found.length}`,
    );
  return code.replace(line, `const ${name}: ${type} = ${literal(kernel, name, type, value)};`);
}

function literal(kernel: string, name: string, type: string, value: number): string {
  const whole = Number.isInteger(value);
  if (type === 'bool') return value ? 'true' : 'false';
  if (type === 'u32' && whole && value >= 0) return `${value}u`;
  if (type === 'i32' && whole) return `${value}i`;
  if (type === 'f32' && Number.isFinite(value)) return `f32(${whole ? `${value}.0` : value})`;
  throw new WorkbenchError('kernel', `${kernel}: constant ${name} = ${value} is not a ${type}`);
}

const cache = new WeakMap<object, Reflection>();

/**
 * Parses the WGSL (1 to 9 ms a shader, so never at import time) and compares it with the spec.
 *
 * @throws WorkbenchError('kernel') when bindings, params or the entry point differ by name.
 */
export function reflect(kernel: Kernel): Reflection {
  const known = cache.get(kernel);
  if (known) return known;
  const { spec } = kernel;
  const entry = spec.entry ?? 'main';
  const defs = makeShaderDataDefinitions(shaderCode(spec, {}));
  const made: Reflection = {
    entry,
    storages: storageSlots(spec, defs, entry),
    params: paramSlots(spec, defs),
    libLines: (spec.lib ?? []).reduce((n, text) => n + text.split('\n').length, 0),
  };
  cache.set(kernel, made);
  return made;
}

const sameNames = (a: readonly string[], b: readonly string[]): boolean =>
  a.length === b.length && a.every((n) => b.includes(n));

function storageSlots(spec: Kernel['spec'], defs: ShaderDataDefinitions, entry: string): StorageSlot[] {
  const point = defs.entryPoints[entry];
  if (!point) throw new WorkbenchError('kernel', `${spec.name}: no entry point '${entry}'`);
  // Reflection lists resources by first use, so put them back in binding order.
  const slots = point.resources
    .filter((r) => r.group === 0)
    .map((r) => ({ name: r.name, binding: r.entry.binding, writable: r.entry.buffer?.type === 'storage' }))
    .sort((a, b) => a.binding - b.binding);
  const names = slots.map((s) => s.name);
  if (!sameNames(spec.tensors, names))
    throw new WorkbenchError('kernel', `${spec.name}: spec binds [${spec.tensors}], shader uses [${names}]`);
  return slots;
}

function paramSlots(spec: Kernel['spec'], defs: ShaderDataDefinitions): ParamSlot[] {
  const struct = defs.structs['Params'];
  const fields = Object.entries(struct?.fields ?? {});
  const names = fields.map(([name]) => name);
  if (!sameNames(spec.params, names))
    throw new WorkbenchError(
      'kernel',
      `${spec.name}: spec has params [${spec.params}], shader has [${names}]`,
    );
  if ((struct?.size ?? 0) > PARAMS_BYTES)
    throw new WorkbenchError('kernel', `${spec.name}: Params takes ${struct?.size} bytes, at most 256`);
  return fields.map(([name, field]) => {
    const type = 'type' in field.type ? field.type.type : undefined;
    if (type !== 'u32' && type !== 'i32' && type !== 'f32')
      throw new WorkbenchError('kernel', `${spec.name}: Params.${name} is not a u32, i32 or f32`);
    return { name, word: field.offset / 4, type };
  });
}
