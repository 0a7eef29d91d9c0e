// Ends a step: its metrics go to a slot of the ring, and the gradient factor and dead count of the next step to
// `scalars`. One workgroup; every sum runs in a fixed order.
//
// ring [slots, 12]: 0 mean squared error (summed over d_in, mean over n), 1 sum ||x - mean x||^2, 2 AuxK loss,
// 3 entries a token (L0), 4 dead features, 5 global gradient norm (0 without clipping), 6 gradient factor used,
// 7 sum ||err - mean err||^2, 8 to 11 scalars[8 .. 11], a variant's own figures.

const T: u32 = 64u;
const D4: u32 = 16u;
const CLIP: u32 = 1u;  // 1: row_norm holds this step's gradient norms

struct Params {
  d_sae: u32, n: u32,
  slot: u32,
  dead_limit: u32,     // a feature is dead when its last firing came before this step
  aux_segments: u32,   // 0: no AuxK
  clip: f32,
}
@group(0) @binding(0) var<storage, read> row_norm: array<f32>;        // [2 d_sae] ||g||^2 by row
@group(0) @binding(1) var<storage, read> g_b_enc: array<f32>;         // [d_sae]
@group(0) @binding(2) var<storage, read> g_b_dec: array<vec4f>;       // [d_pad]
@group(0) @binding(3) var<storage, read> last_fired: array<u32>;      // [d_sae]
@group(0) @binding(4) var<storage, read> hits: array<u32>;            // [d_sae]
@group(0) @binding(5) var<storage, read> aux_part: array<vec4f>;      // [segments, 4, d_pad] of column_stats.wgsl
@group(0) @binding(6) var<storage, read_write> scalars: array<f32>;   // [16] of batch_stats.wgsl
@group(0) @binding(7) var<storage, read_write> ring: array<f32>;      // [slots, 12]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<vec2f, T>;    // squared gradient, squared AuxK error
var<workgroup> counts: array<vec2u, T>;  // entries, dead features

@compute @workgroup_size(T)
fn main(@builtin(local_invocation_index) t: u32) {
  var sum = vec2f();
  var count = vec2u();
  for (var f = t; f < params.d_sae; f += T) {
    count += vec2u(hits[f], u32(last_fired[f] < params.dead_limit));
    if (CLIP == 1u) {
      let g = g_b_enc[f];
      sum.x += row_norm[f] + row_norm[params.d_sae + f] + g * g;
    }
  }
  for (var c = t; c < D4; c += T) {
    if (CLIP == 1u) { sum.x += dot(g_b_dec[c], g_b_dec[c]); }
    for (var s = 0u; s < params.aux_segments; s++) { sum.y += dot(aux_part[(s * 4u + 1u) * D4 + c], vec4f(1f)); }
  }
  sums[t] = sum;
  counts[t] = count;
  workgroupBarrier();
  if (t == 0u) {
    var all = vec2f();
    var n_all = vec2u();
    for (var i = 0u; i < T; i++) { all += sums[i]; n_all += counts[i]; }
    let n = f32(params.n);
    let norm = sqrt(all.x);
    let at = params.slot * 12u;
    let unit = scalars[5];
    ring[at] = scalars[2] * n / 4f;
    ring[at + 1u] = scalars[3];
    ring[at + 2u] = select(0f, all.y / max(unit * unit * scalars[6], 1e-30f), unit > 0f);
    ring[at + 3u] = f32(n_all.x) / n;
    ring[at + 4u] = f32(n_all.y);
    ring[at + 5u] = norm;
    ring[at + 6u] = scalars[0];
    ring[at + 7u] = scalars[4];
    for (var i = 8u; i < 12u; i++) { ring[at + i] = scalars[i]; }
    scalars[0] = select(1f, params.clip / max(norm, 1e-30f), CLIP == 1u && norm > params.clip);
    scalars[1] = f32(n_all.y);
  }
}
