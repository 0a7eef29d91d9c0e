// Under-use of features against a Zipf-Mandelbrot law (aux_zipf; Ayonrinde 2024, arXiv 2411.02124; the form is
// sae-training.md 4.4, ours where the paper is silent).
//
// `density`: rho' = (1 - rate) rho' + rate * hits / n after a step; rho = rho' / (1 - (1 - rate)^steps) so far.
// `goal`:    pi[f] = unit * (rank + q)^-s, at most 1, rank 1 for the densest feature, ties to the lower feature.
// `weigh`:   weighed[t, f] = u[f] * max(pre_acts[t, f], 0),  u = clamp((pi - rho) / pi, 0, 1).

const D_SAE: u32 = 64u;

struct Params {
  n: u32,
  rate: f32,
  unbias: f32,  // 1 / (1 - (1 - rate)^steps before this one)
  s: f32, q: f32, unit: f32,
}
@group(0) @binding(0) var<storage, read> pre_acts: array<f32>;            // [n, d_sae]
@group(0) @binding(1) var<storage, read> hits: array<u32>;                // [d_sae]
@group(0) @binding(2) var<storage, read_write> density_sum: array<f32>;   // [d_sae] rho'
@group(0) @binding(3) var<storage, read_write> pi: array<f32>;            // [d_sae]
@group(0) @binding(4) var<storage, read_write> weighed: array<f32>;       // [n, d_sae]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn density(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let f = flat_id(gid, count);
  if (f >= D_SAE) { return; }
  density_sum[f] = (1f - params.rate) * density_sum[f] + params.rate * f32(hits[f]) / f32(params.n);
}

@compute @workgroup_size(64)
fn goal(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let f = flat_id(gid, count);
  if (f >= D_SAE) { return; }
  let mine = density_sum[f];
  var rank = 1u;
  for (var j = 0u; j < D_SAE; j++) {
    let other = density_sum[j];
    rank += u32(other > mine || (other == mine && j < f));
  }
  pi[f] = min(1f, params.unit * pow(f32(rank) + params.q, -params.s));
}

@compute @workgroup_size(64)
fn weigh(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.n * D_SAE) { return; }
  let f = i % D_SAE;
  let wanted = pi[f];
  let u = clamp((wanted - density_sum[f] * params.unbias) / wanted, 0f, 1f);
  weighed[i] = u * max(pre_acts[i], 0f);
}
