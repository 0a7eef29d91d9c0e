// start[f] = sum of counts[0 .. f), start[d_sae] = their total. One workgroup; each invocation owns a run of features.

const T: u32 = 64u;

struct Params { d_sae: u32 }
@group(0) @binding(0) var<storage, read> counts: array<u32>;       // [d_sae]
@group(0) @binding(1) var<storage, read_write> start: array<u32>;  // [d_sae + 1]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<u32, T>;

@compute @workgroup_size(T)
fn main(@builtin(local_invocation_index) t: u32) {
  let run = (params.d_sae + T - 1u) / T;
  let begin = min(t * run, params.d_sae);
  let end = min(begin + run, params.d_sae);
  var mine = 0u;
  for (var f = begin; f < end; f++) { mine += counts[f]; }
  sums[t] = mine;
  workgroupBarrier();
  var before = 0u;
  for (var i = 0u; i < t; i++) { before += sums[i]; }
  for (var f = begin; f < end; f++) {
    start[f] = before;
    before += counts[f];
  }
  if (t == T - 1u) { start[params.d_sae] = before; }
}
