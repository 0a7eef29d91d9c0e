import { expect, test } from 'vitest';
import { memorySink, rowSource } from '#e2e/fixtures/sae_source.ts';
import { Gpu } from '#gpu/device.ts';
import { planSae, type SaeJob, trainSae } from './train.ts';
import { VARIANTS } from './variants/index.ts';

const never = new AbortController().signal;
const STEPS = 96;
const MAKERS = [
  'createBuffer',
  'createBindGroup',
  'createComputePipeline',
  'createComputePipelineAsync',
] as const;

/** Counts what is made on a device from now on, and the buffers that are mapped for reading. */
function watch(device: GPUDevice) {
  const made: string[] = [];
  let maps = 0;
  for (const name of MAKERS) {
    const plain = device[name].bind(device) as (d: { label?: string }) => unknown;
    Object.defineProperty(device, name, {
      value: (d: { label?: string }) => {
        made.push(`${name} ${d.label ?? ''}`);
        const out = plain(d);
        if (out instanceof GPUBuffer) {
          const map = out.mapAsync.bind(out);
          out.mapAsync = (...a: Parameters<GPUBuffer['mapAsync']>) => {
            maps++;
            return map(...a);
          };
        }
        return out;
      },
    });
  }
  return {
    take: () => made.splice(0),
    get maps() {
      return maps;
    },
  };
}

for (const variant of VARIANTS)
  test(`${variant.id}: after warm-up a run makes nothing on the device, reads back once in 16 steps, and takes the bytes that were planned`, async () => {
    using gpu = await Gpu.open();
    const watched = watch(gpu.device);
    const k = Object.hasOwn(variant.fields, 'k') ? { k: 8 } : {};
    const job: SaeJob = {
      variant: variant.id,
      config: k,
      d_sae: 512,
      batch: 128,
      seed: 1,
      tokens: 128 * STEPS,
    };
    const plan = planSae(gpu, job, 24);
    using x = rowSource(gpu, 24, 128 * (STEPS + 12));
    const before = gpu.pool.liveBytes;
    const sizes = new Set<number>();
    const run = trainSae(gpu, job, x, memorySink(), never, {
      checkpointSeconds: 0,
      // Read by the count of steps alone: a machine under load is slow enough to read every second.
      metricsSeconds: 3600,
      maxStepsPerSubmit: 16,
      // Always one step a submit: its size is part of a bind group, and follows the machine's speed otherwise.
      busy: () => true,
      yieldToInteractive: async () => {
        sizes.add(gpu.pool.liveBytes - before);
      },
    });
    let warm: { readonly step: number; readonly maps: number } | undefined;
    let made: string[] = [];
    let reads = 0;
    let last = 0;
    for await (const event of run) {
      if (event.type !== 'step' || event.step === STEPS) continue;
      if (event.step < 48) {
        watched.take();
        continue;
      }
      made = [...made, ...watched.take()];
      warm ??= { step: event.step, maps: watched.maps };
      reads = watched.maps - warm.maps;
      last = event.step;
    }
    expect(made).toEqual([]);
    expect(last).toBeGreaterThan(warm!.step);
    expect(reads).toBeLessThanOrEqual((last - warm!.step) / 16);
    expect(sizes.size).toBe(1);
    const [peak] = sizes;
    expect(Math.abs(peak! - plan.gpuBytes)).toBeLessThan(0.05 * plan.gpuBytes);
  });
