// out[r, c] = sign·(x[r, c] − mean[r]). x, out [n, d]; mean [n]. One invocation an element.

struct Params { n: u32, d: u32, sign: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> mean: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let at = flat_id(gid, count);
  if (at < params.n * params.d) { out[at] = params.sign * (x[at] - mean[at / params.d]); }
}
