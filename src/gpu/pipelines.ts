import { WorkbenchError } from '#base/errors.ts';
import { type Kernel, reflect, shaderCode } from './kernel.ts';

/** A kernel with one choice of constants, compiled or compiling. */
export interface Program {
  readonly key: string;
  readonly kernel: Kernel;
  readonly layout: GPUBindGroupLayout;
  pipeline: GPUComputePipeline | undefined;
  compiling: Promise<void> | undefined;
}

/** Programs by kernel and constants. Compiles in the background, so recording never blocks. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #uniformLayout: GPUBindGroupLayout;
  readonly #programs = new Map<string, Program>();
  readonly #byKernel = new WeakMap<Kernel, Map<string, Program>>();
  readonly #layouts = new WeakMap<Kernel, GPUBindGroupLayout>();

  constructor(device: GPUDevice, uniformLayout: GPUBindGroupLayout) {
    this.#device = device;
    this.#uniformLayout = uniformLayout;
  }

  /** Programs made so far. */
  get size(): number {
    return this.#programs.size;
  }

  /** The program, compiling from now on if it is new. */
  get(kernel: Kernel, constants: Readonly<Record<string, number>> | undefined): Program {
    const values = constants ?? kernel.spec.constants ?? {};
    let key = '';
    for (const name in values) key += `${name}=${values[name]},`;
    let known = this.#byKernel.get(kernel);
    if (!known) {
      known = new Map();
      this.#byKernel.set(kernel, known);
    }
    let program = known.get(key);
    if (!program) {
      program = this.#compile(kernel, values, `${kernel.spec.name}|${key}`);
      known.set(key, program);
      this.#programs.set(program.key, program);
    }
    return program;
  }

  #compile(kernel: Kernel, constants: Readonly<Record<string, number>>, key: string): Program {
    const layout = this.#groupLayout(kernel);
    const program: Program = { key, kernel, layout, pipeline: undefined, compiling: undefined };
    program.compiling = this.#build(program, constants).then((pipeline) => {
      program.pipeline = pipeline;
      program.compiling = undefined;
    });
    // The submit that waits for it reports the error; without one it must not count as unhandled.
    program.compiling.catch(() => undefined);
    return program;
  }

  async #build(program: Program, constants: Readonly<Record<string, number>>): Promise<GPUComputePipeline> {
    const { spec } = program.kernel;
    const { entry, libLines } = reflect(program.kernel);
    this.#device.pushErrorScope('validation');
    const module = this.#device.createShaderModule({
      code: shaderCode(spec, constants),
      label: spec.name,
    });
    const invalid = this.#device.popErrorScope();
    const made = this.#device.createComputePipelineAsync({
      layout: this.#device.createPipelineLayout({
        bindGroupLayouts: [program.layout, this.#uniformLayout],
      }),
      label: program.key,
      compute: { module, entryPoint: entry },
    });
    try {
      const [pipeline] = await Promise.all([made, invalid]);
      return pipeline;
    } catch (cause) {
      throw await compileError(spec, libLines, module, cause);
    }
  }

  #groupLayout(kernel: Kernel): GPUBindGroupLayout {
    const known = this.#layouts.get(kernel);
    if (known) return known;
    const layout = this.#device.createBindGroupLayout({
      label: kernel.spec.name,
      entries: reflect(kernel).storages.map((s) => ({
        binding: s.binding,
        visibility: GPUShaderStage.COMPUTE,
        buffer: { type: s.writable ? 'storage' : 'read-only-storage' },
      })),
    });
    this.#layouts.set(kernel, layout);
    return layout;
  }
}

/** The .wgsl file of a kernel below src/shaders. */
export function shaderFile(spec: Kernel['spec']): string {
  const entry = spec.entry ?? 'main';
  const path = spec.name.endsWith(`/${entry}`) ? spec.name.slice(0, -entry.length - 1) : spec.name;
  return `${path}.wgsl`;
}

async function compileError(
  spec: Kernel['spec'],
  libLines: number,
  module: GPUShaderModule,
  cause: unknown,
): Promise<WorkbenchError> {
  const info = await module.getCompilationInfo().catch(() => undefined);
  const lines = (info?.messages ?? [])
    .filter((m) => m.type === 'error')
    .map((m) => {
      const own = m.lineNum > libLines;
      const at = own ? `${shaderFile(spec)}:${m.lineNum - libLines}` : `lib of ${spec.name}:${m.lineNum}`;
      return `${at}:${m.linePos}: ${m.message}`;
    });
  const text = lines.length > 0 ? lines.join('\n') : cause instanceof Error ? cause.message : String(cause);
  return new WorkbenchError('kernel', `${spec.name} does not compile: ${text}`, { cause });
}
