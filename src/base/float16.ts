// webgpu-utils names Float16Array when it is imported; Chrome before 135 and Node 20 have none. Nothing here makes one
// (f16 tensors are written as bits), so a stand-in of the same element size is enough.
const root = globalThis as { Float16Array?: unknown };
root.Float16Array ??= class Float16Array extends Uint16Array {};

/** True once the name exists, which importing this module sees to. */
export const hasFloat16Array: boolean = root.Float16Array !== undefined;
