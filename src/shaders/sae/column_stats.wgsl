// part[s, 0..3, c] = sums over the rows of segment s of err, err^2, x and x^2 in column c.
// One invocation a (segment of SEGMENT rows, vec4 of columns); rows ascend, so every run gives the same bits.

const D4: u32 = 16u;
const SEGMENT: u32 = 32u;  // rows; short enough to keep hardware busy, long enough that segments are few
const WITH_X: u32 = 1u;    // 0: the sums over x are 0 and x is not read

struct Params { n: u32, from_row: u32 }
@group(0) @binding(0) var<storage, read> err: array<vec4f>;         // [rows, d_pad]; rows from_row .. from_row + n
@group(0) @binding(1) var<storage, read> x: array<vec4f>;           // [n, d_pad]
@group(0) @binding(2) var<storage, read_write> part: array<vec4f>;  // [segments, 4, d_pad]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  let segment = i / D4;
  let c = i % D4;
  let begin = segment * SEGMENT;
  if (begin >= params.n) { return; }
  let end = min(begin + SEGMENT, params.n);
  var e1 = vec4f(); var e2 = vec4f(); var x1 = vec4f(); var x2 = vec4f();
  for (var row = begin; row < end; row++) {
    let e = err[(params.from_row + row) * D4 + c];
    e1 += e;
    e2 += e * e;
    if (WITH_X == 1u) {
      let v = x[row * D4 + c];
      x1 += v;
      x2 += v * v;
    }
  }
  let at = segment * 4u * D4 + c;
  part[at] = e1;
  part[at + D4] = e2;
  part[at + 2u * D4] = x1;
  part[at + 3u * D4] = x2;
}
