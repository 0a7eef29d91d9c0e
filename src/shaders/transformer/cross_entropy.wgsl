// Rows of logits [n, v], natural logarithms. lse = log sum_v exp(logits − max) + max.
// forward:  nats[n] = lse[n] − logits[n, targets[n]], 0 where targets[n] >= v ("none").
// backward: d_logits[n, v] = weights[n]·(exp(logits[n, v] − lse[n]) − [v = targets[n]]), 0 where there is no target.
// entropy:  out[n] = −sum_v p·log p;   kl: out[n] = sum_v p·(log p − log q), p of logits, q of q_logits.

struct Params { n: u32, v: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;        // [n, v]
@group(0) @binding(1) var<storage, read> targets: array<u32>;       // [n]
@group(0) @binding(2) var<storage, read_write> nats: array<f32>;    // [n]
@group(0) @binding(3) var<storage, read_write> lse: array<f32>;     // [n]
@group(0) @binding(4) var<storage, read> saved_lse: array<f32>;     // [n]
@group(0) @binding(5) var<storage, read> weights: array<f32>;       // [n]
@group(0) @binding(6) var<storage, read_write> d_logits: array<f32>; // [n, v]
@group(0) @binding(7) var<storage, read> q_logits: array<f32>;      // [n, v]
@group(0) @binding(8) var<storage, read_write> out: array<f32>;     // [n]
@group(1) @binding(0) var<uniform> params: Params;

/// exp(x) for x <= 0 without underflow questions.
fn exp_down(x: f32) -> f32 { return exp(clamp(x, -80.0, 0.0)); }

/// (max, log sum_v exp(logits − max)): apart, because their sum would round away what a likely target costs.
fn log_sum_exp(base: u32, lane: u32, t: u32) -> vec2f {
  var top = -1e30;
  for (var i = lane; i < params.v; i += LANES) { top = max(top, logits[base + i]); }
  let shift = lane_max(t, top);
  var sum = 0.0;
  for (var start = lane; start < params.v; start += LANES * BLOCK) {
    var part = 0.0;
    for (var i = start; i < min(start + LANES * BLOCK, params.v); i += LANES) { part += exp_down(logits[base + i] - shift); }
    sum += part;
  }
  return vec2f(shift, log(lane_sum(t, sum)));
}

fn q_log_sum_exp(base: u32, lane: u32, t: u32) -> vec2f {
  var top = -1e30;
  for (var i = lane; i < params.v; i += LANES) { top = max(top, q_logits[base + i]); }
  let shift = lane_max(t, top);
  var sum = 0.0;
  for (var start = lane; start < params.v; start += LANES * BLOCK) {
    var part = 0.0;
    for (var i = start; i < min(start + LANES * BLOCK, params.v); i += LANES) { part += exp_down(q_logits[base + i] - shift); }
    sum += part;
  }
  return vec2f(shift, log(lane_sum(t, sum)));
}

@compute @workgroup_size(64)
fn forward(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let row = lane_row(wid, count, t);
  let base = min(row, params.n - 1u) * params.v;
  let l = log_sum_exp(base, t % LANES, t);
  if (row < params.n && t % LANES == 0u) {
    let target_id = targets[row];
    lse[row] = l.x + l.y;
    nats[row] = 0.0;
    if (target_id < params.v) { nats[row] = (l.x - logits[base + target_id]) + l.y; }
  }
}

@compute @workgroup_size(64)
fn backward(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.n * params.v) { return; }
  let row = i / params.v;
  let target_id = targets[row];
  let p = exp_down(logits[i] - saved_lse[row]);
  let hit = select(0.0, 1.0, i % params.v == target_id);
  d_logits[i] = select(0.0, weights[row] * (p - hit), target_id < params.v);
}

@compute @workgroup_size(64)
fn entropy(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let row = lane_row(wid, count, t);
  let base = min(row, params.n - 1u) * params.v;
  let l = log_sum_exp(base, t % LANES, t);
  var sum = 0.0;
  for (var i = t % LANES; i < params.v; i += LANES) {
    let log_p = (logits[base + i] - l.x) - l.y;
    sum -= exp_down(log_p) * max(log_p, -80.0);
  }
  let all = lane_sum(t, sum);
  if (row < params.n && t % LANES == 0u) { out[row] = all; }
}

@compute @workgroup_size(64)
fn kl(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let row = lane_row(wid, count, t);
  let base = min(row, params.n - 1u) * params.v;
  let l = log_sum_exp(base, t % LANES, t);
  let q_l = q_log_sum_exp(base, t % LANES, t);
  var sum = 0.0;
  for (var i = t % LANES; i < params.v; i += LANES) {
    let log_p = (logits[base + i] - l.x) - l.y;
    let log_q = (q_logits[base + i] - q_l.x) - q_l.y;
    // Terms with p below e^-80 add nothing in f32, whatever the logits are.
    if (log_p > -80.0) { sum += exp_down(log_p) * (log_p - log_q); }
  }
  let all = lane_sum(t, sum);
  if (row < params.n && t % LANES == 0u) { out[row] = all; }
}
