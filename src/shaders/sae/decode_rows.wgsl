// recon[r, c] = b_dec[c] + sum of val[j] * W_dec[idx[j], c] over the entries j of row r: inference, any d_in.
// One invocation an element of recon.

struct Params { n: u32, d_in: u32, cap: u32 }
@group(0) @binding(0) var<storage, read> W_dec: array<f32>;         // [d_sae, d_in]
@group(0) @binding(1) var<storage, read> b_dec: array<f32>;         // [d_in]
@group(0) @binding(2) var<storage, read> row_start: array<u32>;     // [n + 1]
@group(0) @binding(3) var<storage, read> idx: array<u32>;           // [cap]
@group(0) @binding(4) var<storage, read> val: array<f32>;           // [cap]
@group(0) @binding(5) var<storage, read_write> recon: array<f32>;   // [n, d_in]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.n * params.d_in) { return; }
  let row = i / params.d_in;
  let c = i % params.d_in;
  var sum = b_dec[c];
  let end = min(row_start[row + 1u], params.cap);
  for (var j = row_start[row]; j < end; j++) { sum += val[j] * W_dec[idx[j] * params.d_in + c]; }
  recon[i] = sum;
}
