// AdamW, one invocation a parameter, every array read and written once:
// g' = clip·g;  m = beta1·m + (1 − beta1)·g';  v = beta2·v + (1 − beta2)·g'²;
// p = p − lr·decay·p − lr·(m·m_scale) / (sqrt(v·v_scale) + eps),  m_scale = 1 / (1 − beta1^t), v_scale = 1 / (1 − beta2^t).
// clip_factor: clip = min(1, max_norm / norm), 1 where norm is 0.
// Kingma & Ba 2015, arXiv 1412.6980; Loshchilov & Hutter 2019, arXiv 1711.05101.

struct Params {
  n: u32,
  has_clip: u32, // 0: clip is bound but not read
  lr: f32, beta1: f32,
  one_minus_beta1: f32, // computed in f64: 1 − 0.999 in f32 is off by 5e-5
  beta2: f32, one_minus_beta2: f32,
  m_scale: f32, v_scale: f32,
  eps: f32, decay: f32,
  max_norm: f32,
}
@group(0) @binding(0) var<storage, read_write> p: array<f32>;
@group(0) @binding(1) var<storage, read_write> m: array<f32>;
@group(0) @binding(2) var<storage, read_write> v: array<f32>;
@group(0) @binding(3) var<storage, read> g: array<f32>;
@group(0) @binding(4) var<storage, read> saved_clip: array<f32>;   // [1]
@group(0) @binding(5) var<storage, read> norm: array<f32>;         // [1]
@group(0) @binding(6) var<storage, read_write> clip: array<f32>;   // [1]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.n) { return; }
  var grad = g[i];
  if (params.has_clip != 0u) { grad *= saved_clip[0]; }
  let mean = params.beta1 * m[i] + params.one_minus_beta1 * grad;
  let square = params.beta2 * v[i] + params.one_minus_beta2 * grad * grad;
  m[i] = mean;
  v[i] = square;
  let value = p[i] - params.lr * params.decay * p[i];
  p[i] = value - params.lr * (mean * params.m_scale) / (sqrt(square * params.v_scale) + params.eps);
}

@compute @workgroup_size(1)
fn clip_factor() {
  clip[0] = min(1.0, params.max_norm / max(norm[0], 1e-30));
}
