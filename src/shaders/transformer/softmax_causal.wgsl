// pattern[row, s] = exp(scores[row, s] − max) / sum_{s' <= dest} exp(scores[row, s'] − max) for s <= dest, else 0;
// rows are (batch, head, dest), dest = row % seq. Backward: d_scores = pattern·(d_pattern − sum_s pattern·d_pattern).

struct Params { n: u32, seq: u32 }
@group(0) @binding(0) var<storage, read> scores: array<f32>;           // [n, seq], n = batch·n_heads·seq
@group(0) @binding(1) var<storage, read_write> pattern: array<f32>;    // [n, seq]
@group(0) @binding(2) var<storage, read> saved_pattern: array<f32>;    // [n, seq]
@group(0) @binding(3) var<storage, read> d_pattern: array<f32>;        // [n, seq]
@group(0) @binding(4) var<storage, read_write> d_scores: array<f32>;   // [n, seq]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn forward(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let row = lane_row(wid, count, t);
  let is_row = row < params.n;
  let lane = t % LANES;
  let base = min(row, params.n - 1u) * params.seq;
  let end = row % params.seq + 1u;
  var top = -1e30;
  for (var s = lane; s < end; s += LANES) { top = max(top, scores[base + s]); }
  let shift = lane_max(t, top);
  var sum = 0.0;
  for (var s = lane; s < end; s += LANES) { sum += exp(max(scores[base + s] - shift, -80.0)); }
  let scale = 1.0 / lane_sum(t, sum);
  if (is_row) {
    for (var s = lane; s < end; s += LANES) { pattern[base + s] = exp(max(scores[base + s] - shift, -80.0)) * scale; }
    for (var s = end + lane; s < params.seq; s += LANES) { pattern[base + s] = 0.0; }
  }
}

@compute @workgroup_size(64)
fn backward(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let row = lane_row(wid, count, t);
  let is_row = row < params.n;
  let lane = t % LANES;
  let base = min(row, params.n - 1u) * params.seq;
  let end = row % params.seq + 1u;
  var sum = 0.0;
  for (var s = lane; s < end; s += LANES) { sum += saved_pattern[base + s] * d_pattern[base + s]; }
  let mean = lane_sum(t, sum);
  if (is_row) {
    for (var s = lane; s < end; s += LANES) {
      d_scores[base + s] = saved_pattern[base + s] * (d_pattern[base + s] - mean);
    }
    for (var s = end + lane; s < params.seq; s += LANES) { d_scores[base + s] = 0.0; }
  }
}
