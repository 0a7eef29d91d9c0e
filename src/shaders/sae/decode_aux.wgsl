// err[n + r] = unit * (aux_recon[r] - e[r]): the gradient of AuxK by its reconstruction. e = x - recon is what the
// chosen features left over (a constant here), aux_recon the dead features' reconstruction of it, without bias.
// unit = 2 * weight / sum ||e - mean e||^2, or 0 when no feature is dead (Gao et al. 2024, arXiv 2406.04093, A.2).
// One workgroup a row, one invocation a vec4 of columns.

const WX: u32 = 32u;
const D4: u32 = 16u;
const W_LEN: u32 = 4u;  // d_sae * D4

struct Params {
  n: u32,
  unscale: f32,  // n / 2: turns err of the rows before n back into recon - x
}
@group(0) @binding(0) var<storage, read> W_dec: array<vec4f, W_LEN>;     // [d_sae, d_pad]
@group(0) @binding(1) var<storage, read> row_start: array<u32>;          // [2 n + 1]
@group(0) @binding(2) var<storage, read> idx: array<u32>;                // [cap]
@group(0) @binding(3) var<storage, read> val: array<f32>;                // [cap]
@group(0) @binding(4) var<storage, read> scalars: array<f32>;            // see batch_stats.wgsl
@group(0) @binding(5) var<storage, read_write> err: array<vec4f>;        // [2 n, d_pad]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(WX)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = params.n + wid.x;
  let unit = scalars[5];
  let begin = row_start[row];
  let end = select(begin, row_start[row + 1u], unit > 0f);
  for (var c = t; c < D4; c += WX) {
    var sum = vec4f();
    for (var j = begin; j < end; j++) {
      let v = val[j];
      if (v > 0f) { sum += v * W_dec[idx[j] * D4 + c]; }
    }
    err[row * D4 + c] = unit * (sum + params.unscale * err[wid.x * D4 + c]);
  }
}
