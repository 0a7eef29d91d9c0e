// acts[n, f] = pre_acts[n, f] if it is above theta[f], else 0; theta 0 is relu. Three entries:
// dense: acts as they are.  count: row_start[n] = entries of row n, to be scanned.  emit: the entries of the code.
// One workgroup a row in count and emit; each invocation owns a run of neighbouring features, so the order is kept.

const T: u32 = 64u;
const D_SAE: u32 = 64u;
const RELU: u32 = 1u;  // 1: theta is not read

struct Params { n: u32, cap: u32 }
@group(0) @binding(0) var<storage, read> pre_acts: array<f32>;         // [n, d_sae]
@group(0) @binding(1) var<storage, read> theta: array<f32>;            // [d_sae]
@group(0) @binding(2) var<storage, read_write> row_start: array<u32>;  // [n + 1]
@group(0) @binding(3) var<storage, read_write> idx: array<u32>;        // [cap]
@group(0) @binding(4) var<storage, read_write> val: array<f32>;        // [cap]
@group(0) @binding(5) var<storage, read_write> acts: array<f32>;       // [n, d_sae]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> sums: array<u32, T>;

// An act below 0 is no act, so a negative theta counts as 0.
fn act_of(row: u32, f: u32) -> f32 {
  let value = pre_acts[row * D_SAE + f];
  var least = 0f;
  if (RELU == 0u) { least = max(theta[f], 0f); }
  return select(0f, value, value > least);
}

fn count_run(row: u32, t: u32) -> u32 {
  let length = (D_SAE + T - 1u) / T;
  var count = 0u;
  for (var f = min(t * length, D_SAE); f < min(t * length + length, D_SAE); f++) {
    count += u32(act_of(row, f) > 0f);
  }
  return count;
}

@compute @workgroup_size(64)
fn dense(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.n * D_SAE) { return; }
  acts[i] = act_of(i / D_SAE, i % D_SAE);
}

@compute @workgroup_size(T)
fn count(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  sums[t] = count_run(wid.x, t);
  workgroupBarrier();
  if (t == 0u) {
    var all = 0u;
    for (var i = 0u; i < T; i++) { all += sums[i]; }
    row_start[wid.x] = all;
  }
}

@compute @workgroup_size(T)
fn emit(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = wid.x;
  sums[t] = count_run(row, t);
  workgroupBarrier();
  var place = row_start[row];
  for (var i = 0u; i < t; i++) { place += sums[i]; }
  let length = (D_SAE + T - 1u) / T;
  for (var f = min(t * length, D_SAE); f < min(t * length + length, D_SAE); f++) {
    let act = act_of(row, f);
    if (act > 0f) {
      if (place < params.cap) { idx[place] = f; val[place] = act; }
      place++;
    }
  }
}
