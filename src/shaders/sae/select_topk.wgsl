// Row t of the code gets the k entries of largest score among score > 0, val = pre_acts there, features ascending.
// One workgroup a row; ties go to the lower feature. TopK of Gao et al. 2024, arXiv 2406.04093.
//
// 1. A bound: the k-th largest of 4*T*Q4 maxima of disjoint groups is at most the k-th largest score.
// 2. Scores at or above the bound are few (about 1.4 k): they are collected in workgroup memory and ranked pairwise.
// 3. Where they do not fit (k near d_sae, scores that repeat), a radix select over the whole row decides: four
//    passes of 8-bit digits from the top. Both ways are exact, and no result depends on the order of invocations.

const T: u32 = 64u;       // invocations of a row
const Q4: u32 = 1u;       // four groups each that an invocation has in step 1
const GROUPS4: u32 = 64u; // T * Q4
const CAP: u32 = 256u;    // candidates that step 2 can hold
const D_SAE: u32 = 64u;
const MASKED: u32 = 0u;   // 1: only features whose last firing came before params.dead_limit

const NO_FEATURE: u32 = 0xffffffffu;

struct Params {
  k: u32,
  from_row: u32,    // row of the code that row 0 of score fills
  n: u32,           // rows of this dispatch
  from_entry: u32,  // entry of the code at which row `from_row` starts
  dead_limit: u32,
}
@group(0) @binding(0) var<storage, read> score: array<f32>;            // [n, d_sae]
@group(0) @binding(1) var<storage, read> pre_acts: array<f32>;         // [n, d_sae]
@group(0) @binding(2) var<storage, read> last_fired: array<u32>;       // [d_sae] step of the last firing
@group(0) @binding(3) var<storage, read> scalars: array<f32>;          // MASKED: [1] is the number of dead features
@group(0) @binding(4) var<storage, read_write> row_start: array<u32>;  // [rows + 1]
@group(0) @binding(5) var<storage, read_write> idx: array<u32>;        // [cap]
@group(0) @binding(6) var<storage, read_write> val: array<f32>;        // [cap]
@group(0) @binding(7) var<storage, read_write> acts: array<f32>;       // [n, d_sae], entry `dense` only
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> maxima: array<vec4u, GROUPS4>;
var<workgroup> cand_key: array<u32, CAP>;
var<workgroup> cand_idx: array<u32, CAP>;
var<workgroup> chosen: array<u32, CAP>;
var<workgroup> n_cand: atomic<u32>;
var<workgroup> histogram: array<atomic<u32>, 256>;
var<workgroup> scan: array<vec2u, T>;
var<workgroup> shared_bound: u32;
var<workgroup> shared_count: u32;
var<workgroup> shared_digit: vec2u;

// Bits of a positive float rise with its value; everything else is 0 and never chosen.
fn key_of(row: u32, f: u32) -> u32 {
  let bits = bitcast<u32>(score[row * D_SAE + f]);
  var key = select(bits, 0u, bits >= 0x80000000u);
  if (MASKED == 1u) { key = select(0u, key, last_fired[f] < params.dead_limit); }
  return key;
}

// The same past the end of the row: 0.
fn key_or_0(row: u32, f: u32) -> u32 {
  return select(0u, key_of(row, min(f, D_SAE - 1u)), f < D_SAE);
}

// The k-th largest of the group maxima (ties by place), at least 1 so that only positive scores pass. An invocation
// owns whole vectors of maxima, since a write to one component may touch the others.
fn bound_of(row: u32, t: u32) -> u32 {
  for (var q = 0u; q < Q4; q++) {
    var best = vec4u();
    for (var f = t + q * 4u * T; f < D_SAE; f += 4u * T * Q4) {
      let keys = vec4u(key_of(row, f), key_or_0(row, f + T), key_or_0(row, f + 2u * T), key_or_0(row, f + 3u * T));
      best = max(best, keys);
    }
    maxima[t * Q4 + q] = best;
  }
  if (t == 0u) { shared_bound = 1u; atomicStore(&n_cand, 0u); }
  workgroupBarrier();
  for (var q = 0u; q < 4u * Q4; q++) {
    let at = t * 4u * Q4 + q;
    let mine = maxima[at / 4u][at % 4u];
    var better = vec4u();
    for (var j = 0u; j < GROUPS4; j++) {
      let others = maxima[j];
      let before = vec4u(4u * j) + vec4u(0u, 1u, 2u, 3u) < vec4u(at);
      better += select(vec4u(), vec4u(1u), (others > vec4u(mine)) | ((others == vec4u(mine)) & before));
    }
    if (better.x + better.y + better.z + better.w + 1u == params.k) { shared_bound = max(mine, 1u); }
  }
  return workgroupUniformLoad(&shared_bound);
}

fn collect(row: u32, t: u32, bound: u32) -> u32 {
  for (var f = t; f < D_SAE; f += T) {
    let key = key_of(row, f);
    if (key >= bound) {
      let slot = atomicAdd(&n_cand, 1u);
      if (slot < CAP) { cand_key[slot] = key; cand_idx[slot] = f; }
    }
  }
  workgroupBarrier();
  if (t == 0u) { shared_count = atomicLoad(&n_cand); }
  return workgroupUniformLoad(&shared_count);
}

// Every candidate counts the better ones; those with fewer than k are chosen and go out in order of feature.
fn emit_candidates(row: u32, t: u32, count: u32, first: u32) {
  for (var c = t; c < count; c += T) {
    let key = cand_key[c];
    let f = cand_idx[c];
    var rank = 0u;
    for (var j = 0u; j < count; j++) {
      let other = cand_key[j];
      rank += u32(other > key || (other == key && cand_idx[j] < f));
    }
    chosen[c] = select(NO_FEATURE, f, rank < params.k);
  }
  workgroupBarrier();
  for (var c = t; c < count; c += T) {
    let f = chosen[c];
    if (f != NO_FEATURE) {
      var place = 0u;
      for (var j = 0u; j < count; j++) { place += u32(chosen[j] < f); }
      idx[first + place] = f;
      val[first + place] = max(pre_acts[row * D_SAE + f], 0f);
    }
  }
}

// The key of the k-th largest score and how many entries equal to it are chosen (x, y).
fn radix_threshold(row: u32, t: u32) -> vec2u {
  var found = vec2u(0u, params.k);
  for (var pass_no = 0u; pass_no < 4u; pass_no++) {
    let shift = 24u - 8u * pass_no;
    let above = select(0u, 0xffffffffu << (shift + 8u), pass_no > 0u);
    for (var i = t; i < 256u; i += T) { atomicStore(&histogram[i], 0u); }
    workgroupBarrier();
    for (var f = t; f < D_SAE; f += T) {
      let key = key_of(row, f);
      if (key != 0u && (key & above) == found.x) { atomicAdd(&histogram[(key >> shift) & 255u], 1u); }
    }
    workgroupBarrier();
    if (t == 0u) {
      var digit = 255u;
      var left = found.y;
      loop {
        let here = atomicLoad(&histogram[digit]);
        if (here >= left || digit == 0u) { break; }
        left -= here;
        digit--;
      }
      shared_digit = vec2u(digit, left);
    }
    let digit = workgroupUniformLoad(&shared_digit);
    found = vec2u(found.x | (digit.x << shift), digit.y);
  }
  return found;
}

struct Run {
  begin: u32, end: u32,
  place: u32,  // chosen entries before the run
  ties: u32,   // entries equal to the threshold before the run
  all: u32,    // chosen entries of the row
}

// Each invocation owns a run of neighbouring features; a scan over invocations keeps the order and counts ties.
fn run_of(row: u32, t: u32, found: vec2u) -> Run {
  let length = (D_SAE + T - 1u) / T;
  let begin = min(t * length, D_SAE);
  let end = min(begin + length, D_SAE);
  var mine = vec2u(); // above the threshold, equal to it
  for (var f = begin; f < end; f++) {
    let key = key_of(row, f);
    mine += vec2u(u32(key > found.x), u32(key == found.x && key != 0u));
  }
  scan[t] = mine;
  workgroupBarrier();
  for (var step = 1u; step < T; step <<= 1u) {
    let before = select(vec2u(), scan[t - min(step, t)], t >= step);
    workgroupBarrier();
    scan[t] += before;
    workgroupBarrier();
  }
  let before = scan[t] - mine;
  let all = scan[T - 1u];
  return Run(begin, end, before.x + min(before.y, found.y), before.y, all.x + min(all.y, found.y));
}

fn emit_radix(row: u32, t: u32, found: vec2u, first: u32) -> u32 {
  let run = run_of(row, t, found);
  var ties = run.ties;
  var place = run.place;
  for (var f = run.begin; f < run.end; f++) {
    let key = key_of(row, f);
    var take = key > found.x;
    if (key == found.x && key != 0u) { take = ties < found.y; ties++; }
    if (take) {
      idx[first + place] = f;
      val[first + place] = max(pre_acts[row * D_SAE + f], 0f);
      place++;
    }
  }
  return run.all;
}

// acts[row, f] = score where the feature is chosen, else 0: the same choice as `main`, written densely.
@compute @workgroup_size(T)
fn dense(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = wid.x;
  let found = radix_threshold(row, t);
  let run = run_of(row, t, found);
  var ties = run.ties;
  for (var f = run.begin; f < run.end; f++) {
    let key = key_of(row, f);
    var take = key > found.x;
    if (key == found.x && key != 0u) { take = ties < found.y; ties++; }
    acts[row * D_SAE + f] = select(0f, score[row * D_SAE + f], take);
  }
}

@compute @workgroup_size(T)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = wid.x;
  let first = params.from_entry + row * params.k;
  var filled = 0u;
  if (MASKED == 0u || scalars[1] > 0f) {
    let bound = bound_of(row, t);
    let count = collect(row, t, bound);
    filled = min(count, params.k);
    if (count <= CAP) {
      emit_candidates(row, t, count, first);
    } else {
      filled = emit_radix(row, t, radix_threshold(row, t), first);
    }
  }
  for (var j = filled + t; j < params.k; j += T) { idx[first + j] = 0u; val[first + j] = 0f; }
  if (t == 0u) {
    row_start[params.from_row + row] = first;
    if (row + 1u == params.n) { row_start[params.from_row + row + 1u] = first + params.k; }
  }
}
