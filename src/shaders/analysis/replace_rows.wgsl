// out[r, i] = keep[r mod seq] = 1 ? x[r, i] : source[r mod source_rows, i].
// x, out [n, d]; keep [seq] flags by position; source [n, d] stands in row by row, [1, d] for every row.

struct Params { n: u32, d: u32, seq: u32, source_rows: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> source: array<f32>;
@group(0) @binding(2) var<storage, read> keep: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let at = flat_id(gid, count);
  if (at >= params.n * params.d) { return; }
  let row = at / params.d;
  if (keep[row % params.seq] == 1u) {
    out[at] = x[at];
  } else {
    out[at] = source[(row % params.source_rows) * params.d + at % params.d];
  }
}
