// g[c] = err_sum[c] - p * sum_s part[s, c], then Adam on b_dec[c]. One invocation a vec4 of columns.
// part comes from bias_pull.wgsl and has `segments` rows; segments = 0 stands for p = 0.

const D4: u32 = 16u;

struct Params {
  segments: u32,
  lr: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32, c1: f32, c2: f32, eps: f32,  // as in adam_rows.wgsl
}
@group(0) @binding(0) var<storage, read> err_sum: array<vec4f>;         // [d_pad]
@group(0) @binding(1) var<storage, read> part: array<vec4f>;            // [segments, d_pad]
@group(0) @binding(2) var<storage, read> scalars: array<f32>;           // [16] of batch_stats.wgsl
@group(0) @binding(3) var<storage, read_write> b_dec: array<vec4f>;     // [d_pad]
@group(0) @binding(4) var<storage, read_write> m: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> v: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> g_b_dec: array<vec4f>;   // [d_pad], before clipping
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u) {
  let c = gid.x;
  if (c >= D4) { return; }
  var sum = vec4f();
  for (var s = 0u; s < params.segments; s++) { sum += part[s * D4 + c]; }
  let g_all = err_sum[c] - sum;
  g_b_dec[c] = g_all;
  let g = scalars[0] * g_all;
  let m1 = params.beta1 * m[c] + params.rest1 * g;
  let v1 = params.beta2 * v[c] + params.rest2 * g * g;
  m[c] = m1;
  v[c] = v1;
  b_dec[c] -= params.lr * (m1 * params.c1) / (sqrt(v1 * params.c2) + params.eps);
}
