// err_sum[c] = column sum of the first prefix's err, which is the gradient by b_dec; scalars[8] = mean of row_loss over
// the batch. One workgroup; every sum runs in a fixed order.

const D4: u32 = 16u;
const T: u32 = 64u;

struct Params { n: u32, segments: u32 }
@group(0) @binding(0) var<storage, read> part: array<vec4f>;            // [segments, 4, d_pad] of column_stats.wgsl
@group(0) @binding(1) var<storage, read> row_loss: array<f32>;          // [n]
@group(0) @binding(2) var<storage, read_write> err_sum: array<vec4f>;   // [d_pad]
@group(0) @binding(3) var<storage, read_write> scalars: array<f32>;     // [16] of batch_stats.wgsl
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<f32, T>;

@compute @workgroup_size(T)
fn main(@builtin(local_invocation_index) t: u32) {
  for (var c = t; c < D4; c += T) {
    var sum = vec4f();
    for (var s = 0u; s < params.segments; s++) { sum += part[s * 4u * D4 + c]; }
    err_sum[c] = sum;
  }
  var mine = 0f;
  for (var r = t; r < params.n; r += T) { mine += row_loss[r]; }
  sums[t] = mine;
  workgroupBarrier();
  if (t == 0u) {
    var all = 0f;
    for (var i = 0u; i < T; i++) { all += sums[i]; }
    scalars[8] = all / f32(params.n);
  }
}
