// range[r] = (min, max) of x[r, :]; counts[r, b] = values of row r in bin b of BINS equal bins over that range, the last
// one closed. x [n, d], range [n, 2], counts [n, BINS]. One workgroup of 64 a row; integer counts, so any order is exact.

const BINS: u32 = 40u;

struct Params { n: u32, d: u32 }
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read_write> range: array<f32>;
@group(0) @binding(2) var<storage, read_write> counts: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> lows: array<f32, 64>;
var<workgroup> highs: array<f32, 64>;
var<workgroup> bins: array<atomic<u32>, BINS>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) wid: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_index) t: u32,
) {
  // A row past the end repeats the last one, so that barriers stay in uniform control flow; it writes equal values.
  let row = min(flat_workgroup(wid, count), params.n - 1u);
  var low = x[row * params.d];
  var high = low;
  for (var c = t; c < params.d; c += 64u) {
    let value = x[row * params.d + c];
    low = min(low, value);
    high = max(high, value);
  }
  lows[t] = low;
  highs[t] = high;
  for (var b = t; b < BINS; b += 64u) { atomicStore(&bins[b], 0u); }
  for (var half = 32u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (t < half) {
      lows[t] = min(lows[t], lows[t + half]);
      highs[t] = max(highs[t], highs[t + half]);
    }
  }
  workgroupBarrier();
  let lowest = lows[0];
  let width = highs[0] - lowest;
  for (var c = t; c < params.d; c += 64u) {
    var bin = 0u;
    if (width > 0.0) { bin = min(BINS - 1u, u32((x[row * params.d + c] - lowest) / width * f32(BINS))); }
    atomicAdd(&bins[bin], 1u);
  }
  workgroupBarrier();
  for (var b = t; b < BINS; b += 64u) { counts[row * BINS + b] = atomicLoad(&bins[b]); }
  if (t == 0u) {
    range[2u * row] = lowest;
    range[2u * row + 1u] = highs[0];
  }
}
