// bins[b] += 1 for every positive pre_act, by the bits of its float: 32 octaves from 2^-20, each cut into 2^(23 - SHIFT)
// bins. EACH = 1: every feature has bins of its own. Integer atomics: the counts do not depend on the order.

const D_SAE: u32 = 64u;
const SHIFT: u32 = 12u;
const BINS: u32 = 65536u;  // 32 << (23 - SHIFT)
const EACH: u32 = 0u;
const LOW: u32 = 897581056u;  // bits of 2^-20

struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> pre_acts: array<f32>;             // [n, D_SAE]
@group(0) @binding(1) var<storage, read_write> bins: array<atomic<u32>>;   // [BINS] or [D_SAE, BINS]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.n * D_SAE) { return; }
  let bits = bitcast<u32>(pre_acts[i]);
  // Positive and finite, by its bits.
  if (bits == 0u || bits >= 0x7f800000u) { return; }
  let bin = min((max(bits, LOW) - LOW) >> SHIFT, BINS - 1u);
  atomicAdd(&bins[select(0u, (i % D_SAE) * BINS, EACH == 1u) + bin], 1u);
}
