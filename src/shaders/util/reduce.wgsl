// Sums in a fixed order, f the identity or (squares = 1) the square:
// columns: out[c] = scale·sum_n f(x[n, c]) (+ out), one invocation a column, rows ascending;
// rows: out[n] = scale·sum_c f(x[n, c]) (+ out), LANES invocations a row;
// partials: out[at + p] = sum of f over every PARTIALS-th element of x from p on; total: out[0] = scale·sum_p x[p], or its root.

struct Params { n: u32, d: u32, squares: u32, root: u32, accumulate: u32, at: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> out: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

const PARTIALS: u32 = 1024u; // invocations that share one tensor in `partials`

fn term(v: f32) -> f32 { return select(v, v * v, params.squares != 0u); }

fn store(i: u32, sum: f32) {
  let value = params.scale * select(sum, sqrt(sum), params.root != 0u);
  if (params.accumulate != 0u) { out[i] += value; } else { out[i] = value; }
}

@compute @workgroup_size(64)
fn columns(@builtin(global_invocation_id) gid: vec3u) {
  let col = gid.x;
  if (col >= params.d) { return; }
  var sum = 0.0;
  for (var start = 0u; start < params.n; start += BLOCK) {
    var part = 0.0;
    for (var row = start; row < min(start + BLOCK, params.n); row++) { part += term(x[row * params.d + col]); }
    sum += part;
  }
  store(col, sum);
}

@compute @workgroup_size(64)
fn rows(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  let row = lane_row(wid, count, t);
  let base = min(row, params.n - 1u) * params.d;
  var sum = 0.0;
  for (var start = t % LANES; start < params.d; start += LANES * BLOCK) {
    var part = 0.0;
    for (var i = start; i < min(start + LANES * BLOCK, params.d); i += LANES) { part += term(x[base + i]); }
    sum += part;
  }
  let all = lane_sum(t, sum);
  if (row < params.n && t % LANES == 0u) { store(row, all); }
}

@compute @workgroup_size(64)
fn partials(@builtin(global_invocation_id) gid: vec3u) {
  var sum = 0.0;
  for (var start = gid.x; start < params.n; start += PARTIALS * BLOCK) {
    var part = 0.0;
    for (var i = start; i < min(start + PARTIALS * BLOCK, params.n); i += PARTIALS) { part += term(x[i]); }
    sum += part;
  }
  out[params.at + gid.x] = sum;
}

@compute @workgroup_size(64)
fn total(@builtin(local_invocation_index) t: u32) {
  var sum = 0.0;
  // With one lane the first invocation works alone.
  let end = select(params.n, 0u, t >= LANES);
  for (var i = t; i < end; i += LANES) { sum += x[i]; }
  let all = lane_sum(t, sum);
  if (t == 0u) { store(0u, all); }
}
