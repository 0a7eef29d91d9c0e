// Thresholds trained directly (JumpReLU, Rajamanoharan et al. 2024, arXiv 2407.14435; sae-training.md 6.5): straight-through
// window K = |a - theta| < width / 2 on pre-activations,
//   g[f] = sum_t -(theta / width) K dF_tf - step_weight / width * K,   dF = err_t . d_f + the tanh penalty's slope.
// `gradient`: one invocation a feature, rows ascending. `adam`: theta (or another
// number of each feature), and g^2 onto the norm of the feature's gradients.

const D4: u32 = 16u;
const D_SAE: u32 = 64u;

struct Params {
  n: u32,
  width: f32,
  step_weight: f32,  // lambda / n of the step penalty, or 0
  tanh_weight: f32,  // lambda / n of the tanh penalty, or 0
  scale: f32,        // of the tanh penalty
  lr: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32, c1: f32, c2: f32, eps: f32,  // as in adam_rows.wgsl
}
@group(0) @binding(0) var<storage, read> pre_acts: array<f32>;        // [n, d_sae]
@group(0) @binding(1) var<storage, read> W_dec: array<vec4f>;         // [d_sae, d_pad]
@group(0) @binding(2) var<storage, read> err: array<vec4f>;           // [n, d_pad]
@group(0) @binding(3) var<storage, read> norm: array<f32>;            // [d_sae] of the decoder rows
@group(0) @binding(4) var<storage, read_write> theta: array<f32>;     // [d_sae]
@group(0) @binding(5) var<storage, read_write> g_theta: array<f32>;   // [d_sae]
@group(0) @binding(6) var<storage, read> scalars: array<f32>;         // [16] of batch_stats.wgsl
@group(0) @binding(7) var<storage, read_write> m: array<f32>;         // [d_sae]
@group(0) @binding(8) var<storage, read_write> v: array<f32>;         // [d_sae]
@group(0) @binding(9) var<storage, read_write> row_norm: array<f32>;  // [2 d_sae]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn gradient(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let f = flat_id(gid, count);
  if (f >= D_SAE) { return; }
  let at = max(theta[f], 0f);
  var sum = 0f;
  for (var t = 0u; t < params.n; t++) {
    let a = pre_acts[t * D_SAE + f];
    if (abs(a - at) < 0.5f * params.width) {
      var slope = vec4f();
      for (var c = 0u; c < D4; c++) { slope = fma(err[t * D4 + c], W_dec[f * D4 + c], slope); }
      let act = select(0f, a, a > at);
      let bend = tanh(min(params.scale * act * norm[f], 15f));
      let d_act = slope.x + slope.y + slope.z + slope.w + params.tanh_weight * params.scale * norm[f] * (1f - bend * bend);
      sum -= (at * d_act + params.step_weight) / params.width;
    }
  }
  g_theta[f] = sum;
}

@compute @workgroup_size(64)
fn adam(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let f = flat_id(gid, count);
  if (f >= D_SAE) { return; }
  let all = g_theta[f];
  row_norm[f] += all * all;
  let g = scalars[0] * all;
  let m1 = params.beta1 * m[f] + params.rest1 * g;
  let v1 = params.beta2 * v[f] + params.rest2 * g * g;
  m[f] = m1;
  v[f] = v1;
  theta[f] -= params.lr * (m1 * params.c1) / (sqrt(v1 * params.c2) + params.eps);
}
