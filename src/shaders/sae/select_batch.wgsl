// The `most` largest positive scores of a whole batch [n, d_sae], ties to the lower row-major index (decision 23): BatchTopK
// (Bussmann et al. 2024, arXiv 2412.06410) and Mutual Choice (Ayonrinde 2024, arXiv 2411.02124).
//
// 1. `histogram` and `pick`, four times: 8-bit digits of the score's bits from the top give the key of the last entry
//    that is kept, and how many entries equal to it are (radix select). Integer atomics only: order does not matter.
// 2. `count`: entries above and at that key in each row. `place`: where each row's entries begin.
// 3. `emit`: rows and features ascending; entries that nothing fills belong to the last row and hold 0.

const T: u32 = 64u;      // invocations of a workgroup
const D_SAE: u32 = 64u;
const PER: u32 = 4096u;  // scores of one workgroup of `histogram`

struct Params {
  n: u32,
  most: u32,   // entries of the batch: its slots
  shift: u32,  // of the digit: 24, 16, 8, 0
}
@group(0) @binding(0) var<storage, read> score: array<f32>;            // [n, d_sae]
@group(0) @binding(1) var<storage, read> pre_acts: array<f32>;         // [n, d_sae]
@group(0) @binding(2) var<storage, read_write> bins: array<atomic<u32>>;  // [256], zero before and after
@group(0) @binding(3) var<storage, read_write> cut: array<u32>;        // [2]: bits of the key so far, entries left at it
@group(0) @binding(4) var<storage, read_write> rows: array<vec2u>;     // [n]: above, at the key; then its ties, its end
@group(0) @binding(5) var<storage, read_write> row_start: array<u32>;  // [≥ n + 1]
@group(0) @binding(6) var<storage, read_write> idx: array<u32>;        // [cap]
@group(0) @binding(7) var<storage, read_write> val: array<f32>;        // [cap]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> local_bins: array<atomic<u32>, 256>;
var<workgroup> scan: array<vec2u, T>;

// Bits of a positive float rise with its value; everything else is 0 and never chosen.
fn key_of(i: u32) -> u32 {
  let bits = bitcast<u32>(score[i]);
  return select(bits, 0u, bits >= 0x80000000u);
}

// Counts the digits of the scores whose higher digits are those of the cut.
@compute @workgroup_size(T)
fn histogram(@builtin(workgroup_id) wid: vec3u, @builtin(num_workgroups) count: vec3u, @builtin(local_invocation_index) t: u32) {
  for (var i = t; i < 256u; i += T) { atomicStore(&local_bins[i], 0u); }
  workgroupBarrier();
  let above = select(0u, 0xffffffffu << (params.shift + 8u), params.shift < 24u);
  let begin = flat_workgroup(wid, count) * PER;
  let end = min(begin + PER, params.n * D_SAE);
  for (var i = begin + t; i < end; i += T) {
    let key = key_of(i);
    if (key != 0u && (key & above) == cut[0]) { atomicAdd(&local_bins[(key >> params.shift) & 255u], 1u); }
  }
  workgroupBarrier();
  for (var i = t; i < 256u; i += T) {
    let here = atomicLoad(&local_bins[i]);
    if (here > 0u) { atomicAdd(&bins[i], here); }
  }
}

// The digit in which the last kept entry lies; clears the bins.
@compute @workgroup_size(1)
fn pick() {
  var left = select(cut[1], params.most, params.shift == 24u);
  var digit = 255u;
  loop {
    let here = atomicLoad(&bins[digit]);
    if (here >= left || digit == 0u) { break; }
    left -= here;
    digit--;
  }
  cut[0] |= digit << params.shift;
  cut[1] = left;
  for (var i = 0u; i < 256u; i++) { atomicStore(&bins[i], 0u); }
}

// Sums over the workgroup: x and y of all invocations before this one, and of all.
fn sums(t: u32, mine: vec2u) -> array<vec2u, 2> {
  scan[t] = mine;
  workgroupBarrier();
  var before = vec2u();
  for (var i = 0u; i < t; i++) { before += scan[i]; }
  var all = before;
  for (var i = t; i < T; i++) { all += scan[i]; }
  return array<vec2u, 2>(before, all);
}

// Scores above and at the cut in features begin .. end of a row.
fn tally(row: u32, begin: u32, end: u32) -> vec2u {
  var mine = vec2u();
  for (var f = begin; f < end; f++) {
    let key = key_of(row * D_SAE + f);
    mine += vec2u(u32(key > cut[0]), u32(key == cut[0] && key != 0u));
  }
  return mine;
}

@compute @workgroup_size(T)
fn count(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let length = (D_SAE + T - 1u) / T;
  let begin = min(t * length, D_SAE);
  let all = sums(t, tally(wid.x, begin, min(begin + length, D_SAE)));
  if (t == 0u) { rows[wid.x] = all[1]; }
}

// Rows in order: how many ties a row keeps, and where its entries begin and end. Each invocation owns a run of rows.
@compute @workgroup_size(T)
fn place(@builtin(local_invocation_index) t: u32) {
  let length = (params.n + T - 1u) / T;
  let begin = min(t * length, params.n);
  let end = min(begin + length, params.n);
  var mine = vec2u();
  for (var r = begin; r < end; r++) { mine += rows[r]; }
  var before = sums(t, mine)[0];
  for (var r = begin; r < end; r++) {
    let here = rows[r];
    let first = before.x + min(before.y, cut[1]);
    before += here;
    row_start[r] = first;
    rows[r] = vec2u(min(before.y, cut[1]) - min(before.y - here.y, cut[1]), before.x + min(before.y, cut[1]));
  }
  if (t == 0u) { row_start[params.n] = params.most; }
}

@compute @workgroup_size(T)
fn emit(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = wid.x;
  let kept = rows[row];
  let length = (D_SAE + T - 1u) / T;
  let begin = min(t * length, D_SAE);
  let end = min(begin + length, D_SAE);
  let before = sums(t, tally(row, begin, end))[0];
  var ties = before.y;
  var at = row_start[row] + before.x + min(ties, kept.x);
  for (var f = begin; f < end; f++) {
    let key = key_of(row * D_SAE + f);
    var take = key > cut[0];
    if (key == cut[0] && key != 0u) { take = ties < kept.x; ties++; }
    if (take) {
      idx[at] = f;
      val[at] = max(pre_acts[row * D_SAE + f], 0f);
      at++;
    }
  }
  if (row + 1u == params.n) {
    for (var j = kept.y + t; j < params.most; j += T) { idx[j] = 0u; val[j] = 0f; }
  }
}
