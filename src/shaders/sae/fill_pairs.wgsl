// The code by feature: entries of f lie at start[f] .. start[f + 1], rows ascending. Entry j of row r goes to
// start[f] + (rows of f below r), which the bitset gives without a sort, so every run gives the same order.
// by_val holds (row of err by lib/prefix.wgsl, val), by_dz (row of x, dz); rows n .. of the code are AuxK's and share x with rows 0 ...
// One workgroup a row of the code.

const T: u32 = 32u;
const WORDS: u32 = 1u;

struct Params { rows: u32, n: u32 }
@group(0) @binding(0) var<storage, read> row_start: array<u32>;         // [rows + 1]
@group(0) @binding(1) var<storage, read> idx: array<u32>;               // [cap]
@group(0) @binding(2) var<storage, read> val: array<f32>;               // [cap]
@group(0) @binding(3) var<storage, read> dz: array<f32>;                // [cap]
@group(0) @binding(4) var<storage, read> bits: array<u32>;              // [d_sae, WORDS]
@group(0) @binding(5) var<storage, read> start: array<u32>;             // [d_sae + 1]
@group(0) @binding(6) var<storage, read_write> by_val: array<vec2u>;    // [cap]
@group(0) @binding(7) var<storage, read_write> by_dz: array<vec2u>;     // [cap]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = flat_workgroup(wid, count);
  if (row >= params.rows) { return; }
  let word = row / 32u;
  let below = (1u << (row & 31u)) - 1u;
  let x_row = select(row, row - params.n, row >= params.n);
  let end = row_start[row + 1u];
  for (var j = row_start[row] + t; j < end; j += T) {
    let v = val[j];
    if (v > 0f) {
      let f = idx[j];
      var place = start[f] + countOneBits(bits[f * WORDS + word] & below);
      for (var w = 0u; w < word; w++) { place += countOneBits(bits[f * WORDS + w]); }
      by_val[place] = vec2u(err_row(row, f, params.n, params.rows), bitcast<u32>(v));
      by_dz[place] = vec2u(x_row, bitcast<u32>(dz[j]));
    }
  }
}
