import type { ApiName } from './protocol.ts';

/** Requests whose large arrays belong to nobody else afterwards. */
const OWNED: ReadonlySet<ApiName> = new Set([
  'forward',
  'backward',
  'decode',
  'pattern',
  'exportSae',
  'featureTable',
]);

/** Buffers that move to the page instead of being copied: whole ones, each once. */
export function transferables(name: ApiName, out: unknown): Transferable[] {
  if (!OWNED.has(name)) return [];
  const found = new Set<ArrayBuffer>();
  const visit = (value: unknown, depth: number): void => {
    if (ArrayBuffer.isView(value)) {
      const whole = value.byteLength === value.buffer.byteLength;
      if (whole && value.buffer instanceof ArrayBuffer) found.add(value.buffer);
    } else if (typeof value === 'object' && value !== null && depth > 0) {
      for (const part of Object.values(value)) visit(part, depth - 1);
    }
  };
  visit(out, 4);
  return [...found];
}
