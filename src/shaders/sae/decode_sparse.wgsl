// err[from + r] = scale * (recon[from + r] - x[r]),  recon[r] = b_dec + sum_j val[j] * W_dec[idx[j]] over the entries j of row r.
// scale = 2 / n makes err the gradient of the mean squared error (summed over d_in) by recon.
// One workgroup a row, one invocation a vec4 of columns: only the chosen rows of W_dec are read.

const WX: u32 = 32u;    // invocations of a row
const D4: u32 = 16u;    // d_pad / 4
const W_LEN: u32 = 4u;  // d_sae * D4: a fixed size spares the bounds clamp of every load

struct Params { n: u32, from_row: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> W_dec: array<vec4f, W_LEN>;     // [d_sae, d_pad]
@group(0) @binding(1) var<storage, read> b_dec: array<vec4f>;            // [d_pad]
@group(0) @binding(2) var<storage, read> x: array<vec4f>;                // [n, d_pad]
@group(0) @binding(3) var<storage, read> row_start: array<u32>;          // [rows + 1]
@group(0) @binding(4) var<storage, read> idx: array<u32>;                // [cap]
@group(0) @binding(5) var<storage, read> val: array<f32>;                // [cap]
@group(0) @binding(6) var<storage, read_write> err: array<vec4f>;        // [rows, d_pad]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WX)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = params.from_row + wid.x;
  let begin = row_start[row];
  let end = row_start[row + 1u];
  for (var c = t; c < D4; c += WX) {
    var recon = b_dec[c];
    for (var j = begin; j < end; j++) { recon += val[j] * W_dec[idx[j] * D4 + c]; }
    err[row * D4 + c] = params.scale * (recon - x[wid.x * D4 + c]);
  }
}
