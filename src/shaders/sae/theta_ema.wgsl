// theta = mean over training steps of the smallest kept act, with weights that fall by (1 - rate) a step, corrected for
// the start: sum = (1 - rate) sum + rate * min, weight = (1 - rate) weight + rate, theta = sum / weight.
// shared: one minimum of the whole batch for all features (BatchTopK, Bussmann 2024, arXiv 2412.06410).
// each: a feature's own minimum, on steps on which it fired. The first hits[f] pairs of f are the batch's, then AuxK's.

const T: u32 = 64u;
const NONE: f32 = 3e38f;

struct Params { d_sae: u32, rate: f32 }
@group(0) @binding(0) var<storage, read> start: array<u32>;               // [d_sae + 1]
@group(0) @binding(1) var<storage, read> hits: array<u32>;                // [d_sae]
@group(0) @binding(2) var<storage, read> pairs: array<vec2u>;             // [cap] (row, bits of val)
@group(0) @binding(3) var<storage, read_write> theta: array<f32>;         // [d_sae]
@group(0) @binding(4) var<storage, read_write> theta_sum: array<f32>;     // [d_sae]
@group(0) @binding(5) var<storage, read_write> theta_weight: array<f32>;  // [d_sae]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> least_of: array<f32, T>;

fn smallest(f: u32) -> f32 {
  var least = NONE;
  let end = start[f] + hits[f];
  for (var j = start[f]; j < end; j++) { least = min(least, bitcast<f32>(pairs[j].y)); }
  return least;
}

fn take(f: u32, least: f32) {
  if (least >= NONE) { return; }
  let sum = (1f - params.rate) * theta_sum[f] + params.rate * least;
  let weight = (1f - params.rate) * theta_weight[f] + params.rate;
  theta_sum[f] = sum;
  theta_weight[f] = weight;
  theta[f] = sum / weight;
}

@compute @workgroup_size(64)
fn each(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let f = flat_id(gid, count);
  if (f < params.d_sae) { take(f, smallest(f)); }
}

@compute @workgroup_size(T)
fn shared_by_all(@builtin(local_invocation_index) t: u32) {
  var least = NONE;
  for (var f = t; f < params.d_sae; f += T) { least = min(least, smallest(f)); }
  least_of[t] = least;
  workgroupBarrier();
  for (var i = 0u; i < T; i++) { least = min(least, least_of[i]); }
  for (var f = t; f < params.d_sae; f += T) { take(f, least); }
}
