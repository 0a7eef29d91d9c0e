// Reductions of a row by LANES neighbouring invocations of a workgroup of 64; 64 / LANES rows a workgroup.
// LANES is 1 on software adapters (no barrier is ever reached) and 64 on hardware. The order is fixed: invocation
// `lane` sums its own elements first, then halves are added. Call in uniform control flow only.

const LANES: u32 = 64u;
/// Elements added up before they join the running total, so that long sums lose little.
const BLOCK: u32 = 64u;

var<workgroup> lanes: array<f32, 64>;

/// The row that invocation t works on; needs lib/flat_id.wgsl.
fn lane_row(wid: vec3u, count: vec3u, t: u32) -> u32 {
  return flat_workgroup(wid, count) * (64u / LANES) + t / LANES;
}

/// Sum of `value` over the lanes of a row; t is the local invocation index.
fn lane_sum(t: u32, value: f32) -> f32 {
  if (LANES == 1u) { return value; }
  lanes[t] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (t % LANES < half) { lanes[t] += lanes[t + half]; }
  }
  workgroupBarrier();
  let sum = lanes[t - t % LANES];
  workgroupBarrier();
  return sum;
}

/// Largest `value` over the lanes of a row.
fn lane_max(t: u32, value: f32) -> f32 {
  if (LANES == 1u) { return value; }
  lanes[t] = value;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (t % LANES < half) { lanes[t] = max(lanes[t], lanes[t + half]); }
  }
  workgroupBarrier();
  let top = lanes[t - t % LANES];
  workgroupBarrier();
  return top;
}
