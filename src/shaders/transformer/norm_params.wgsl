// Gradients of a layer norm's gain and bias: d_gain[d] = sum_n d_y·x̂ (+ d_gain), d_bias[d] = sum_n d_y (+ d_bias).
// One invocation a column; rows are added in ascending order.

struct Params { n: u32, d: u32, accumulate: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;    // [n, d]
@group(0) @binding(1) var<storage, read> mean: array<f32>; // [n]
@group(0) @binding(2) var<storage, read> rstd: array<f32>; // [n]
@group(0) @binding(3) var<storage, read> d_y: array<f32>;  // [n, d]
@group(0) @binding(4) var<storage, read_write> d_gain: array<f32>; // [d]
@group(0) @binding(5) var<storage, read_write> d_bias: array<f32>; // [d]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u) {
  let col = gid.x;
  if (col >= params.d) { return; }
  var gain = 0.0;
  var bias = 0.0;
  for (var start = 0u; start < params.n; start += BLOCK) {
    var part_gain = 0.0;
    var part_bias = 0.0;
    for (var row = start; row < min(start + BLOCK, params.n); row++) {
      let g = d_y[row * params.d + col];
      part_gain += g * (x[row * params.d + col] - mean[row]) * rstd[row];
      part_bias += g;
    }
    gain += part_gain;
    bias += part_bias;
  }
  if (params.accumulate != 0u) {
    gain += d_gain[col];
    bias += d_bias[col];
  }
  d_gain[col] = gain;
  d_bias[col] = bias;
}
