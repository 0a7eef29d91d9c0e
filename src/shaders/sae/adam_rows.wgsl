// One feature row of W_enc or W_dec: gradient, projection, Adam and renormalisation in one pass; the gradient is never
// stored.  g = sum over the feature's pairs (row, w) of w * source[row];  for W_dec then g -= (g . W) W (unit rows),
//   m = b1 m + (1 - b1) g';  v = b2 v + (1 - b2) g'^2;  W -= lr * m c1 / (sqrt(v c2) + eps);  W /= ||W||
// with g' = factor * g. `factor` clips by the global norm of the step before (decision 1), so no second pass is needed.
// W_dec: source = err, pairs (row, val). W_enc: source = x - p b_dec, pairs (row, dz). One workgroup a feature.

const WX: u32 = 32u;      // invocations of a feature
const Q: u32 = 1u;        // vec4 columns an invocation has
const D4: u32 = 16u;      // d_pad / 4
const W_LEN: u32 = 4u;    // d_sae * D4
const D_SAE: u32 = 64u;
const PROJECT: u32 = 1u;  // 1: rows keep unit norm
const NORM: u32 = 1u;     // 1: ||g||^2 of the row goes to row_norm
const PULL: u32 = 0u;     // 1: row_norm holds a factor by which the row itself adds to g (penalty.wgsl)
const LANES: u32 = 8u;    // second stage of the row sum

struct Params {
  norm_at: u32,  // where row_norm of feature 0 lies
  lr: f32, beta1: f32, rest1: f32, beta2: f32, rest2: f32,  // rest = 1 - beta, rounded once
  c1: f32,  // 1 / (1 - beta1^t)
  c2: f32,  // 1 / (1 - beta2^t)
  eps: f32,
}
@group(0) @binding(0) var<storage, read> source: array<vec4f>;             // [rows, d_pad]
@group(0) @binding(1) var<storage, read> start: array<u32>;                // [d_sae + 1]
@group(0) @binding(2) var<storage, read> pairs: array<vec2u>;              // [cap] (row, bits of the weight)
@group(0) @binding(3) var<storage, read> scalars: array<f32>;              // [16] of batch_stats.wgsl
@group(0) @binding(4) var<storage, read_write> W: array<vec4f, W_LEN>;     // [d_sae, d_pad]
@group(0) @binding(5) var<storage, read_write> m: array<vec4f, W_LEN>;
@group(0) @binding(6) var<storage, read_write> v: array<vec4f, W_LEN>;
@group(0) @binding(7) var<storage, read_write> row_norm: array<f32>;       // [2 d_sae]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> stage: array<vec2f, WX>;
var<workgroup> lanes: array<vec2f, LANES>;

// Sum over the workgroup in a fixed order, known to every invocation.
fn total(t: u32, mine: vec2f) -> vec2f {
  stage[t] = mine;
  workgroupBarrier();
  if (t < LANES) {
    var sum = vec2f();
    for (var i = t; i < WX; i += LANES) { sum += stage[i]; }
    lanes[t] = sum;
  }
  workgroupBarrier();
  var sum = vec2f();
  for (var i = 0u; i < min(LANES, WX); i++) { sum += lanes[i]; }
  return sum;
}

fn gradient(f: u32, c: u32) -> vec4f {
  var g = vec4f();
  let end = start[f + 1u];
  for (var j = start[f]; j < end; j++) {
    let pair = pairs[j];
    g = fma(vec4f(bitcast<f32>(pair.y)), source[pair.x * D4 + c], g);
  }
  return g;
}

// Adam on one vec4; the new weights.
fn adam(at: u32, g: vec4f) -> vec4f {
  let m1 = params.beta1 * m[at] + params.rest1 * g;
  let v1 = params.beta2 * v[at] + params.rest2 * g * g;
  m[at] = m1;
  v[at] = v1;
  return W[at] - params.lr * (m1 * params.c1) / (sqrt(v1 * params.c2) + params.eps);
}

@compute @workgroup_size(WX)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) t: u32) {
  let f = flat_workgroup(wid, count);
  if (f >= D_SAE) { return; }
  let factor = scalars[0];
  let pull = select(0f, row_norm[params.norm_at + f], PULL == 1u);
  if (PULL == 1u) { workgroupBarrier(); } // row_norm is written below
  var g: array<vec4f, Q>;
  var sums = vec2f();
  for (var q = 0u; q < Q; q++) {
    let c = t + q * WX;
    if (c < D4) {
      g[q] = gradient(f, c);
      if (PULL == 1u) { g[q] += pull * W[f * D4 + c]; }
      sums += vec2f(dot(g[q], W[f * D4 + c]), dot(g[q], g[q]));
    }
  }
  var along = 0f;
  if (PROJECT == 1u || NORM == 1u) {
    let all = total(t, sums);
    along = select(0f, all.x, PROJECT == 1u);
    if (NORM == 1u && t == 0u) { row_norm[params.norm_at + f] = max(all.y - along * along, 0f); }
  }
  var length2 = 0f;
  for (var q = 0u; q < Q; q++) {
    let c = t + q * WX;
    if (c < D4) {
      let at = f * D4 + c;
      g[q] = adam(at, factor * (g[q] - along * W[at]));
      length2 += dot(g[q], g[q]);
    }
  }
  var scale = 1f;
  if (PROJECT == 1u) { scale = inverseSqrt(max(total(t, vec2f(length2, 0f)).x, 1e-30f)); }
  for (var q = 0u; q < Q; q++) {
    let c = t + q * WX;
    if (c < D4) { W[f * D4 + c] = g[q] * scale; }
  }
}
