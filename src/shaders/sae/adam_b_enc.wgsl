// g[f] = sum of dz over the feature's entries, then Adam on b_enc[f]. Also clears the feature's bits for the next step.
// One invocation a feature.

const WORDS: u32 = 1u;

struct Params {
  d_sae: u32,
  lr: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32, c1: f32, c2: f32, eps: f32,  // as in adam_rows.wgsl
}
@group(0) @binding(0) var<storage, read> start: array<u32>;         // [d_sae + 1]
@group(0) @binding(1) var<storage, read> pairs: array<vec2u>;       // [cap] (row, bits of dz)
@group(0) @binding(2) var<storage, read> scalars: array<f32>;       // [16] of batch_stats.wgsl
@group(0) @binding(3) var<storage, read_write> b_enc: array<f32>;   // [d_sae]
@group(0) @binding(4) var<storage, read_write> m: array<f32>;
@group(0) @binding(5) var<storage, read_write> v: array<f32>;
@group(0) @binding(6) var<storage, read_write> g_b_enc: array<f32>; // [d_sae], before clipping
@group(0) @binding(7) var<storage, read_write> bits: array<u32>;    // [d_sae, WORDS]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let f = flat_id(gid, count);
  if (f >= params.d_sae) { return; }
  for (var w = 0u; w < WORDS; w++) { bits[f * WORDS + w] = 0u; }
  var sum = 0f;
  let end = start[f + 1u];
  for (var j = start[f]; j < end; j++) { sum += bitcast<f32>(pairs[j].y); }
  g_b_enc[f] = sum;
  let g = scalars[0] * sum;
  let m1 = params.beta1 * m[f] + params.rest1 * g;
  let v1 = params.beta2 * v[f] + params.rest2 * g * g;
  m[f] = m1;
  v[f] = v1;
  b_enc[f] -= params.lr * (m1 * params.c1) / (sqrt(v1 * params.c2) + params.eps);
}
