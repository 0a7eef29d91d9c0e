// Gated SAE (Rajamanoharan et al. 2024, arXiv 2404.16014; sae-training.md 6.2). With p = (x - b_dec) . w_f:
// rows 0 .. n - 1 of the code hold the acts, 1[p + b_gate > 0] ReLU(exp(r_mag) p + b_mag); rows n .. 2 n - 1 the open gates,
// ReLU(p + b_gate), whose reconstruction by a frozen decoder trains the gate.
//
// `count`: row_start[r] = entries of row r of the 2 n, to be scanned.  `emit`: the entries.
// `gradients`: per feature, from the pairs (rows ascending, dz = err . d_f): g_mag = sum dz and g_r = sum dz (act - b_mag) over acts,
// g_gate = sum (dz + weight) over open gates, penalty = weight * sum of open gates. The pairs are then made ready for
// adam_rows: dz by p (times exp(r_mag) on acts), and weight 0 for the decoder on open gates.
// `total`: scalars[8] = the penalty, scalars[9] = mean squared error of the open gates' reconstruction.

const T: u32 = 64u;
const D4: u32 = 16u;
const D_SAE: u32 = 64u;
const ROW: u32 = 64u;  // d_sae in whole bindings of 64

struct Params { n: u32, weight: f32, segments: u32 }
@group(0) @binding(0) var<storage, read> pre_acts: array<f32>;          // [n, d_sae] p
@group(0) @binding(1) var<storage, read> b_gate: array<f32>;            // [d_sae]
@group(0) @binding(2) var<storage, read> b_mag: array<f32>;             // [d_sae]
@group(0) @binding(3) var<storage, read> r_mag: array<f32>;             // [d_sae]
@group(0) @binding(4) var<storage, read_write> row_start: array<u32>;   // [2 n + 1]
@group(0) @binding(5) var<storage, read_write> idx: array<u32>;         // [cap]
@group(0) @binding(6) var<storage, read_write> val: array<f32>;         // [cap]
@group(0) @binding(7) var<storage, read> start: array<u32>;             // [d_sae + 1]
@group(0) @binding(8) var<storage, read_write> by_val: array<vec2u>;    // [cap] (row, bits of val)
@group(0) @binding(9) var<storage, read_write> by_dz: array<vec2u>;     // [cap] (row of x, bits of dz)
@group(0) @binding(10) var<storage, read_write> grads: array<f32>;      // [4, ROW] by b_gate, b_mag, r_mag; the penalty
@group(0) @binding(11) var<storage, read> part: array<vec4f>;           // [segments, 4, d_pad] of column_stats.wgsl
@group(0) @binding(12) var<storage, read_write> scalars: array<f32>;    // [16]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<u32, T>;
var<workgroup> totals: array<vec2f, T>;

// The largest argument of exp; foldGated refuses what f32 cannot hold.
fn scale_of(f: u32) -> f32 { return exp(min(r_mag[f], 80f)); }

// Value of row `row` of the code: an act, or from row n on an open gate.
fn value_of(row: u32, f: u32) -> f32 {
  let is_gate = row >= params.n;
  let p = pre_acts[select(row, row - params.n, is_gate) * D_SAE + f];
  let gate = p + b_gate[f];
  if (is_gate) { return max(gate, 0f); }
  return select(0f, max(scale_of(f) * p + b_mag[f], 0f), gate > 0f);
}

fn count_run(row: u32, t: u32) -> u32 {
  let length = (D_SAE + T - 1u) / T;
  var count = 0u;
  for (var f = min(t * length, D_SAE); f < min(t * length + length, D_SAE); f++) {
    count += u32(value_of(row, f) > 0f);
  }
  return count;
}

@compute @workgroup_size(T)
fn count(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = flat_workgroup(wid, grid);
  sums[t] = count_run(min(row, 2u * params.n - 1u), t);
  workgroupBarrier();
  if (t == 0u && row < 2u * params.n) {
    var all = 0u;
    for (var i = 0u; i < T; i++) { all += sums[i]; }
    row_start[row] = all;
  }
}

@compute @workgroup_size(T)
fn emit(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) grid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = min(flat_workgroup(wid, grid), 2u * params.n - 1u);
  sums[t] = count_run(row, t);
  workgroupBarrier();
  var place = row_start[row];
  for (var i = 0u; i < t; i++) { place += sums[i]; }
  let length = (D_SAE + T - 1u) / T;
  for (var f = min(t * length, D_SAE); f < min(t * length + length, D_SAE); f++) {
    let value = value_of(row, f);
    if (value > 0f) {
      idx[place] = f;
      val[place] = value;
      place++;
    }
  }
}

@compute @workgroup_size(64)
fn gradients(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let f = flat_id(gid, grid);
  if (f >= D_SAE) { return; }
  let scale = scale_of(f);
  var g = vec4f();  // by b_gate, b_mag, r_mag; open gates
  let end = start[f + 1u];
  for (var j = start[f]; j < end; j++) {
    let value = bitcast<f32>(by_val[j].y);
    var dz = bitcast<f32>(by_dz[j].y);
    if (by_val[j].x < params.n) {
      g += vec4f(0f, dz, dz * (value - b_mag[f]), 0f);
      dz *= scale;
    } else {
      dz += params.weight;
      g += vec4f(dz, 0f, 0f, value);
      by_val[j].y = 0u;
    }
    by_dz[j].y = bitcast<u32>(dz);
  }
  grads[f] = g.x;
  grads[ROW + f] = g.y;
  grads[2u * ROW + f] = g.z;
  grads[3u * ROW + f] = params.weight * g.w;
}

@compute @workgroup_size(T)
fn total(@builtin(local_invocation_index) t: u32) {
  var mine = vec2f();
  for (var f = t; f < D_SAE; f += T) { mine.x += grads[3u * ROW + f]; }
  for (var c = t; c < D4; c += T) {
    for (var s = 0u; s < params.segments; s++) { mine.y += dot(part[(s * 4u + 1u) * D4 + c], vec4f(1f)); }
  }
  totals[t] = mine;
  workgroupBarrier();
  if (t == 0u) {
    var all = vec2f();
    for (var i = 0u; i < T; i++) { all += totals[i]; }
    scalars[8] = all.x;
    scalars[9] = all.y * f32(params.n) / 4f;  // err = 2 / n * (recon - x)
  }
}
