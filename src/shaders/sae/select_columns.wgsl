// Feature f keeps its quota[f] largest positive scores of the batch [n, d_sae], ties to the lower row (decision 23):
// Feature Choice (Ayonrinde 2024, arXiv 2411.02124).
//
// `columns`: one invocation a feature finds the key of its last kept score, two bits a pass from the top, and the row
// before which ties at that key are kept; neighbours read neighbouring scores. `count` and `emit`: rows in order.

const T: u32 = 64u;  // invocations of a row
const D_SAE: u32 = 64u;

struct Params {
  n: u32,
  most: u32,  // entries of the batch: its slots
}
@group(0) @binding(0) var<storage, read> score: array<f32>;            // [n, d_sae]
@group(0) @binding(1) var<storage, read> pre_acts: array<f32>;         // [n, d_sae]
@group(0) @binding(2) var<storage, read> quotas: array<u32>;           // [d_sae]
@group(0) @binding(3) var<storage, read_write> cuts: array<vec2u>;     // [d_sae] key, row before which ties are kept
@group(0) @binding(4) var<storage, read_write> row_start: array<u32>;  // [≥ n + 1]
@group(0) @binding(5) var<storage, read_write> idx: array<u32>;        // [cap]
@group(0) @binding(6) var<storage, read_write> val: array<f32>;        // [cap]
@group(0) @binding(7) var<storage, read_write> scalars: array<f32>;    // [8] becomes the share of slots left empty
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> scan: array<u32, T>;

// Bits of a positive float rise with its value; everything else is 0 and never chosen.
fn key_of(row: u32, f: u32) -> u32 {
  let bits = bitcast<u32>(score[row * D_SAE + f]);
  return select(bits, 0u, bits >= 0x80000000u);
}

fn kept(row: u32, f: u32) -> bool {
  let key = key_of(row, f);
  let cut = cuts[f];
  return key != 0u && (key > cut.x || (key == cut.x && row < cut.y));
}

@compute @workgroup_size(64)
fn columns(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let f = flat_id(gid, count);
  if (f >= D_SAE) { return; }
  var left = quotas[f];
  var prefix = 0u;
  for (var shift = 32u; shift > 0u; shift -= 2u) {
    let low = shift - 2u;
    let above = select(0u, 0xffffffffu << (shift & 31u), shift < 32u);
    var digits = vec4u();
    for (var r = 0u; r < params.n; r++) {
      let key = key_of(r, f);
      if (key != 0u && (key & above) == prefix) { digits += select(vec4u(), vec4u(1u), vec4u((key >> low) & 3u) == vec4u(0u, 1u, 2u, 3u)); }
    }
    var digit = 3u;
    if (digits.w < left) {
      left -= digits.w;
      digit = 2u;
      if (digits.z < left) {
        left -= digits.z;
        digit = 1u;
        if (digits.y < left) {
          left -= digits.y;
          digit = 0u;
        }
      }
    }
    prefix |= digit << low;
  }
  var last = 0u;
  for (var r = 0u; r < params.n && left > 0u; r++) {
    if (key_of(r, f) == prefix && prefix != 0u) {
      left--;
      last = r + 1u;
    }
  }
  cuts[f] = vec2u(prefix, last);
}

@compute @workgroup_size(T)
fn count(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  var mine = 0u;
  for (var f = t; f < D_SAE; f += T) { mine += u32(kept(wid.x, f)); }
  scan[t] = mine;
  workgroupBarrier();
  if (t == 0u) {
    var all = 0u;
    for (var i = 0u; i < T; i++) { all += scan[i]; }
    row_start[wid.x] = all;
  }
}

// Each invocation owns a run of neighbouring features. Entries that nothing fills belong to the last row and hold 0.
@compute @workgroup_size(T)
fn emit(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = wid.x;
  let length = (D_SAE + T - 1u) / T;
  let begin = min(t * length, D_SAE);
  let end = min(begin + length, D_SAE);
  var mine = 0u;
  for (var f = begin; f < end; f++) { mine += u32(kept(row, f)); }
  scan[t] = mine;
  workgroupBarrier();
  var at = row_start[row];
  for (var i = 0u; i < t; i++) { at += scan[i]; }
  for (var f = begin; f < end; f++) {
    if (kept(row, f)) {
      idx[at] = f;
      val[at] = max(pre_acts[row * D_SAE + f], 0f);
      at++;
    }
  }
  if (row + 1u == params.n) {
    var filled = row_start[row];
    for (var i = 0u; i < T; i++) { filled += scan[i]; }
    for (var j = filled + t; j < params.most; j += T) { idx[j] = 0u; val[j] = 0f; }
    if (t == 0u) {
      row_start[params.n] = params.most;
      scalars[8] = f32(params.most - filled) / f32(params.most);
    }
  }
}
