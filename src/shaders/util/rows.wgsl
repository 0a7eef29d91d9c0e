// Rows of matrices, one invocation an element of out [n, d]:
// gather: out[i, c] = table[idx[i], c], 0 where idx[i] >= rows; add_row: out = x + alpha·row[c]; scale_rows: out = factors[i]·x.

struct Params {
  n: u32, d: u32, rows: u32, alpha: f32,
  first: u32, // number of the table's first row here: a table over the binding limit comes in windows
  keep: u32,  // 1: rows of out whose idx lies outside stay (every window but the first)
}
@group(0) @binding(0) var<storage, read> x: array<f32>;       // [n, d]; for gather the table [rows, d]
@group(0) @binding(1) var<storage, read> idx: array<u32>;     // [n]
@group(0) @binding(2) var<storage, read> row: array<f32>;     // [d]
@group(0) @binding(3) var<storage, read> factors: array<f32>; // [n]
@group(0) @binding(4) var<storage, read_write> out: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn gather(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.n * params.d) { return; }
  // An idx before the window wraps around to a number above `rows`.
  let at = idx[i / params.d] - params.first;
  if (at < params.rows) { out[i] = x[at * params.d + i % params.d]; } else if (params.keep == 0u) { out[i] = 0.0; }
}

@compute @workgroup_size(64)
fn add_row(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i < params.n * params.d) { out[i] = x[i] + params.alpha * row[i % params.d]; }
}

@compute @workgroup_size(64)
fn scale_rows(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i < params.n * params.d) { out[i] = factors[i / params.d] * x[i]; }
}
