// Layer norm of rows: y[n, d] = x̂·gain[d] + bias[d], x̂ = (x − mean[n])·rstd[n], rstd = 1 / sqrt(var + eps), var over d.
// Backward, g = d_y·gain: d_x = rstd·(g − mean_d(g) − x̂·mean_d(g·x̂)) (+ d_x).
// Ba et al. 2016, arXiv 1607.06450.

struct Params { n: u32, d: u32, eps: f32, accumulate: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;         // [n, d]
@group(0) @binding(1) var<storage, read> gain: array<f32>;      // [d]
@group(0) @binding(2) var<storage, read> bias: array<f32>;      // [d]
@group(0) @binding(3) var<storage, read_write> y: array<f32>;   // [n, d]
@group(0) @binding(4) var<storage, read_write> mean: array<f32>; // [n]
@group(0) @binding(5) var<storage, read_write> rstd: array<f32>; // [n]
@group(0) @binding(6) var<storage, read> saved_mean: array<f32>; // [n], mean of the forward pass
@group(0) @binding(7) var<storage, read> saved_rstd: array<f32>; // [n]
@group(0) @binding(8) var<storage, read> d_y: array<f32>;        // [n, d]
@group(0) @binding(9) var<storage, read_write> d_x: array<f32>;  // [n, d]
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
  let d = params.d;
  let base = min(row, params.n - 1u) * d;

  var sum = 0.0;
  for (var i = lane; i < d; i += LANES) { sum += x[base + i]; }
  let m = lane_sum(t, sum) / f32(d);

  // Second pass over centred values: E[x²] − mean² would cancel where |mean| is large.
  var squares = 0.0;
  for (var i = lane; i < d; i += LANES) {
    let c = x[base + i] - m;
    squares += c * c;
  }
  let r = 1.0 / sqrt(lane_sum(t, squares) / f32(d) + params.eps);

  if (is_row) {
    for (var i = lane; i < d; i += LANES) { y[base + i] = (x[base + i] - m) * r * gain[i] + bias[i]; }
    if (lane == 0u) {
      mean[row] = m;
      rstd[row] = r;
    }
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
  let d = params.d;
  let base = min(row, params.n - 1u) * d;
  let m = saved_mean[min(row, params.n - 1u)];
  let r = saved_rstd[min(row, params.n - 1u)];

  var sum = 0.0;
  var along = 0.0;
  for (var i = lane; i < d; i += LANES) {
    let g = d_y[base + i] * gain[i];
    sum += g;
    along += g * (x[base + i] - m) * r;
  }
  let mean_g = lane_sum(t, sum) / f32(d);
  let mean_along = lane_sum(t, along) / f32(d);

  if (is_row) {
    for (var i = lane; i < d; i += LANES) {
      let x_hat = (x[base + i] - m) * r;
      let grad = r * (d_y[base + i] * gain[i] - mean_g - x_hat * mean_along);
      d_x[base + i] = select(grad, d_x[base + i] + grad, params.accumulate != 0u);
    }
  }
}
