// Sparsity penalties of relu and threshold codes (sae-training.md 6.1, 6.5). weight = lambda / n, n_f = ||d_f|| or, without
// NORMS, 1;  L1: weight * sum f n_f (Anthropic, April 2024 update; Kissane et al. 2024 with n_f = 1);
// tanh: weight * sum tanh(scale f n_f) (Anthropic, January 2025 update);  step: weight * entries (JumpReLU).
//
// `norms`: n_f.  `slopes`: dz[j] += the penalty's slope by that act.  `rows`: per feature the penalty, and what its slope
// by ||d_f|| adds to the gradient of W_dec: pull * W_dec row (adam_rows.wgsl).  `total`: scalars[8] = the penalty.

const T: u32 = 32u;
const D4: u32 = 16u;
const D_SAE: u32 = 64u;
const NORMS: u32 = 1u;
const KIND: u32 = 0u;  // 0 L1, 1 tanh, 2 step

struct Params { rows: u32, weight: f32, scale: f32 }
@group(0) @binding(0) var<storage, read> W_dec: array<vec4f>;             // [d_sae, d_pad]
@group(0) @binding(1) var<storage, read_write> norm: array<f32>;          // [d_sae]
@group(0) @binding(2) var<storage, read> row_start: array<u32>;           // [rows + 1]
@group(0) @binding(3) var<storage, read> idx: array<u32>;                 // [cap]
@group(0) @binding(4) var<storage, read> val: array<f32>;                 // [cap]
@group(0) @binding(5) var<storage, read_write> dz: array<f32>;            // [cap]
@group(0) @binding(6) var<storage, read> start: array<u32>;               // [d_sae + 1]
@group(0) @binding(7) var<storage, read> pairs: array<vec2u>;             // [cap] (row, bits of val)
@group(0) @binding(8) var<storage, read_write> pull: array<f32>;          // [≥ d_sae]
@group(0) @binding(9) var<storage, read_write> penalty: array<f32>;       // [d_sae]
@group(0) @binding(10) var<storage, read_write> scalars: array<f32>;      // [16]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<f32, T>;

fn value_of(f: f32, n: f32) -> f32 {
  if (KIND == 1u) { return tanh(min(params.scale * f * n, 15f)); }
  return select(f * n, 1f, KIND == 2u);
}

// Derivative of the value by the product f * n.
fn slope_of(f: f32, n: f32) -> f32 {
  if (KIND == 1u) {
    let t = tanh(min(params.scale * f * n, 15f));
    return params.scale * (1f - t * t);
  }
  return select(1f, 0f, KIND == 2u);
}

@compute @workgroup_size(64)
fn norms(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let f = flat_id(gid, count);
  if (f >= D_SAE) { return; }
  var sum = 0f;
  for (var c = 0u; c < D4; c++) { sum += dot(W_dec[f * D4 + c], W_dec[f * D4 + c]); }
  norm[f] = select(1f, sqrt(sum), NORMS == 1u);
}

@compute @workgroup_size(T)
fn slopes(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = flat_workgroup(wid, count);
  if (row >= params.rows) { return; }
  let end = row_start[row + 1u];
  for (var j = row_start[row] + t; j < end; j += T) {
    if (val[j] > 0f) {
      let n = norm[idx[j]];
      dz[j] += params.weight * slope_of(val[j], n) * n;
    }
  }
}

@compute @workgroup_size(64)
fn rows(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let f = flat_id(gid, count);
  if (f >= D_SAE) { return; }
  let n = norm[f];
  var all = 0f;
  var by_norm = 0f;
  let end = start[f + 1u];
  for (var j = start[f]; j < end; j++) {
    let act = bitcast<f32>(pairs[j].y);
    all += value_of(act, n);
    by_norm += slope_of(act, n) * act;
  }
  penalty[f] = params.weight * all;
  pull[f] = select(0f, params.weight * by_norm / max(n, 1e-30f), NORMS == 1u);
}

@compute @workgroup_size(T)
fn total(@builtin(local_invocation_index) t: u32) {
  var mine = 0f;
  for (var f = t; f < D_SAE; f += T) { mine += penalty[f]; }
  sums[t] = mine;
  workgroupBarrier();
  if (t == 0u) {
    var all = 0f;
    for (var i = 0u; i < T; i++) { all += sums[i]; }
    scalars[8] = all;
  }
}
