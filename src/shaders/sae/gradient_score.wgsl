// Scores of Gradient SAEs (Olmo et al. 2024, arXiv 2411.10397): z = max(pre_acts, 0), q = |d_i . g_t| and
//   s = z (1 + beta q / mean q)   or, PRODUCT = 1, the limit of large beta,   s = z q.
// The mean runs over the batch and all features, so beta has no unit (sae-training.md 3.3).
//
// `sum` and `mean`: mean q. `score`: q becomes s in place. `off` and `off_share`: scalars[at] = share of the chosen
// entries that plain TopK, the k largest pre_acts of the row, would not have chosen. Every sum runs in a fixed order.

const T: u32 = 64u;
const D_SAE: u32 = 64u;
const PRODUCT: u32 = 0u;

struct Params { n: u32, beta: f32, k: u32, at: u32 }
@group(0) @binding(0) var<storage, read> pre_acts: array<f32>;         // [n, d_sae]
@group(0) @binding(1) var<storage, read_write> score: array<f32>;      // [n, d_sae] d_i . g_t before `score`
@group(0) @binding(2) var<storage, read_write> sums: array<vec2f>;     // [n] sum of q; off, chosen
@group(0) @binding(3) var<storage, read_write> mean_q: array<f32>;     // [1]
@group(0) @binding(4) var<storage, read> row_start: array<u32>;        // [≥ n + 1]
@group(0) @binding(5) var<storage, read> idx: array<u32>;              // [cap]
@group(0) @binding(6) var<storage, read> val: array<f32>;              // [cap]
@group(0) @binding(7) var<storage, read_write> scalars: array<f32>;    // [16]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> lanes: array<vec2f, T>;

fn total(t: u32, mine: vec2f) -> vec2f {
  lanes[t] = mine;
  workgroupBarrier();
  var all = vec2f();
  for (var i = 0u; i < T; i++) { all += lanes[i]; }
  return all;
}

@compute @workgroup_size(T)
fn sum(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  var mine = 0f;
  for (var f = t; f < D_SAE; f += T) { mine += abs(score[wid.x * D_SAE + f]); }
  let all = total(t, vec2f(mine, 0f));
  if (t == 0u) { sums[wid.x] = all; }
}

fn rows_total(t: u32) -> vec2f {
  var mine = vec2f();
  for (var r = t; r < params.n; r += T) { mine += sums[r]; }
  return total(t, mine);
}

@compute @workgroup_size(T)
fn mean(@builtin(local_invocation_index) t: u32) {
  let all = rows_total(t);
  if (t == 0u) { mean_q[0] = all.x / (f32(params.n) * f32(D_SAE)); }
}

@compute @workgroup_size(64)
fn weigh(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.n * D_SAE) { return; }
  let z = max(pre_acts[i], 0f);
  let q = abs(score[i]);
  score[i] = select(z * (1f + params.beta * q / max(mean_q[0], 1e-30f)), z * q, PRODUCT == 1u);
}

@compute @workgroup_size(T)
fn off(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = wid.x;
  var mine = vec2f();
  let end = row_start[row + 1u];
  for (var j = row_start[row] + t; j < end; j += T) {
    if (val[j] > 0f) {
      let f = idx[j];
      let z = pre_acts[row * D_SAE + f];
      var rank = 0u;
      for (var i = 0u; i < D_SAE; i++) {
        let other = pre_acts[row * D_SAE + i];
        rank += u32(other > z || (other == z && i < f));
      }
      mine += vec2f(f32(rank >= params.k), 1f);
    }
  }
  let all = total(t, mine);
  if (t == 0u) { sums[row] = all; }
}

@compute @workgroup_size(T)
fn off_share(@builtin(local_invocation_index) t: u32) {
  let all = rows_total(t);
  if (t == 0u) { scalars[params.at] = all.x / max(all.y, 1f); }
}
