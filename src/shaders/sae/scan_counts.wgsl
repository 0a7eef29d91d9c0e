// In place: start[i] holds counts, and becomes the sum of counts[0 .. i); start[n] becomes their total. One workgroup;
// each invocation owns a run of neighbours, so nothing is read after another wrote it.

const T: u32 = 64u;

struct Params { n: u32 }
@group(0) @binding(0) var<storage, read_write> start: array<u32>;  // [n + 1]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<u32, T>;

@compute @workgroup_size(T)
fn main(@builtin(local_invocation_index) t: u32) {
  let run = (params.n + T - 1u) / T;
  let begin = min(t * run, params.n);
  let end = min(begin + run, params.n);
  var mine = 0u;
  for (var i = begin; i < end; i++) { mine += start[i]; }
  sums[t] = mine;
  workgroupBarrier();
  var before = 0u;
  for (var i = 0u; i < t; i++) { before += sums[i]; }
  for (var i = begin; i < end; i++) {
    let here = start[i];
    start[i] = before;
    before += here;
  }
  if (t == T - 1u) { start[params.n] = before; }
}
