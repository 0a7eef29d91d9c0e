import '#base/dispose.ts';
import { WorkbenchError } from '#base/errors.ts';
import { Gpu, type GpuOptions } from './device.ts';

/** Vulkan drivers that run on the CPU, by name; the first file that exists is taken. */
const SOFTWARE_DRIVERS = {
  lavapipe: ['/usr/share/vulkan/icd.d/lvp_icd.json', '/usr/share/vulkan/icd.d/lvp_icd.x86_64.json'],
  swiftshader: ['/usr/lib/chromium/vk_swiftshader_icd.json'],
} as const;

export interface NodeGpuOptions extends Omit<GpuOptions, 'gpu'> {
  /** Forces a software driver. Absent: VK_DRIVER_FILES, else a real GPU, else lavapipe. */
  readonly driver?: keyof typeof SOFTWARE_DRIVERS;
  /** Dawn toggles, e.g. 'enable-dawn-features=vulkan_enable_f16_on_nvidia,allow_unsafe_apis'. */
  readonly dawn?: readonly string[];
}

interface DawnModule {
  readonly create: (options: string[]) => GPU;
  readonly globals: object;
}

/**
 * The same Gpu in Node, on npm `webgpu` (Dawn), which is put under navigator.gpu (decision 10). Imported dynamically,
 * so it never enters the browser's bundle.
 *
 * @throws WorkbenchError('gpu-unavailable') when Dawn finds no Vulkan, Metal or D3D12 adapter.
 */
export async function openNode(options: NodeGpuOptions = {}): Promise<Gpu> {
  const { existsSync } = await import('node:fs');
  const name = 'webgpu';
  const dawn = (await import(/* @vite-ignore */ name)) as DawnModule;
  Object.assign(globalThis, dawn.globals);
  const choose = (driver: keyof typeof SOFTWARE_DRIVERS): void => {
    const file = SOFTWARE_DRIVERS[driver].find((path) => existsSync(path));
    if (!file) throw new WorkbenchError('gpu-unavailable', `No Vulkan driver file of ${driver} is installed`);
    // The Vulkan loader reads this when Dawn makes its instance.
    process.env['VK_DRIVER_FILES'] = file;
  };
  if (options.driver) choose(options.driver);
  let gpu = dawn.create([...(options.dawn ?? [])]);
  if (!process.env['VK_DRIVER_FILES'] && !(await gpu.requestAdapter())) {
    choose('lavapipe');
    gpu = dawn.create([...(options.dawn ?? [])]);
  }
  // Also keeps Dawn's instance alive: without a reference it is collected below a living device.
  Object.defineProperty(globalThis, 'navigator', {
    value: { ...globalThis.navigator, gpu },
    configurable: true,
    writable: true,
  });
  return Gpu.open({ ...options, gpu });
}
