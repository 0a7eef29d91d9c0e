// Elementwise activation: y = act(x); backward: d_x = d_y·act′(x). ACT is a kind of lib/activation.wgsl.

const ACT: u32 = 0u;
struct Params { n: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;        // [n]
@group(0) @binding(1) var<storage, read_write> y: array<f32>;  // [n]
@group(0) @binding(2) var<storage, read> d_y: array<f32>;      // [n]
@group(0) @binding(3) var<storage, read_write> d_x: array<f32>; // [n]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn forward(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i < params.n) { y[i] = activation(ACT, x[i]); }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i < params.n) { d_x[i] = d_y[i] * activation_slope(ACT, x[i]); }
}
