// dz[j] = err[err_row] . W_dec[idx[j]] (lib/prefix.wgsl; err_row = row without prefixes), the gradient by the act of entry j; and bit `row` of feature idx[j] is set.
// One workgroup a row of the code; entries with val 0 are skipped.

const T: u32 = 32u;
const D4: u32 = 16u;
const W_LEN: u32 = 4u;  // d_sae * D4
const WORDS: u32 = 1u;  // ceil(rows / 32)

struct Params { rows: u32, n: u32 }
@group(0) @binding(0) var<storage, read> W_dec: array<vec4f, W_LEN>;       // [d_sae, d_pad]
@group(0) @binding(1) var<storage, read> err: array<vec4f>;                // [rows, d_pad]
@group(0) @binding(2) var<storage, read> row_start: array<u32>;            // [rows + 1]
@group(0) @binding(3) var<storage, read> idx: array<u32>;                  // [cap]
@group(0) @binding(4) var<storage, read> val: array<f32>;                  // [cap]
@group(0) @binding(5) var<storage, read_write> dz: array<f32>;             // [cap]
@group(0) @binding(6) var<storage, read_write> bits: array<atomic<u32>>;   // [d_sae, WORDS]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = flat_workgroup(wid, count);
  if (row >= params.rows) { return; }
  let end = row_start[row + 1u];
  for (var j = row_start[row] + t; j < end; j += T) {
    if (val[j] > 0f) {
      let f = idx[j];
      let base = err_row(row, f, params.n, params.rows) * D4;
      var sum = vec4f();
      for (var c = 0u; c < D4; c++) { sum = fma(err[base + c], W_dec[f * D4 + c], sum); }
      dz[j] = sum.x + sum.y + sum.z + sum.w;
      atomicOr(&bits[f * WORDS + row / 32u], 1u << (row & 31u));
    }
  }
}
