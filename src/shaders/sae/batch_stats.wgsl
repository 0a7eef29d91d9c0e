// err_sum[c] = sum over the batch of err; and the scalars that the rest of the step reads. One workgroup.
//
// scalars [16]: 0 gradient factor of this step (clipping), 1 dead features, 2 sum err^2, 3 sum ||x - mean x||^2,
// 4 sum ||err - mean err||^2, 5 unit of AuxK (decode_aux.wgsl), 6 sum ||e - mean e||^2 with e = err * n / 2.
// 0 and 1 are written by step_end.wgsl of the step before.

const D4: u32 = 16u;
const T: u32 = 64u;

struct Params {
  n: u32, segments: u32, aux_weight: f32,
  always: u32,  // 1: AuxK has entries even when no feature is dead (aux_zipf)
}
@group(0) @binding(0) var<storage, read> part: array<vec4f>;            // [segments, 4, d_pad] of column_stats.wgsl
@group(0) @binding(1) var<storage, read_write> err_sum: array<vec4f>;   // [d_pad]
@group(0) @binding(2) var<storage, read_write> scalars: array<f32>;     // [16]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<vec3f, T>;

@compute @workgroup_size(T)
fn main(@builtin(local_invocation_index) t: u32) {
  let n = f32(params.n);
  var mine = vec3f();
  for (var c = t; c < D4; c += T) {
    var e1 = vec4f(); var e2 = vec4f(); var x1 = vec4f(); var x2 = vec4f();
    for (var s = 0u; s < params.segments; s++) {
      let at = s * 4u * D4 + c;
      e1 += part[at];
      e2 += part[at + D4];
      x1 += part[at + 2u * D4];
      x2 += part[at + 3u * D4];
    }
    err_sum[c] = e1;
    let one = vec4f(1f);
    mine += vec3f(dot(e2, one), dot(x2, one) - dot(x1, x1) / n, dot(e2, one) - dot(e1, e1) / n);
  }
  sums[t] = mine;
  workgroupBarrier();
  if (t == 0u) {
    var all = vec3f();
    for (var i = 0u; i < T; i++) { all += sums[i]; }
    let left_over = max(all.z, 0f) * n * n / 4f;
    scalars[2] = all.x;
    scalars[3] = max(all.y, 0f);
    scalars[4] = max(all.z, 0f);
    scalars[5] = select(0f, 2f * params.aux_weight / max(left_over, 1e-30f), (scalars[1] > 0f || params.always == 1u) && left_over > 1e-30f);
    scalars[6] = left_over;
  }
}
