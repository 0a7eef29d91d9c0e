// out[r, i] = x[r, i] + Σ_e (act' − act)·dirs[e, i] over the edits e whose head and position masks hold, with
// act = acts[r, feature_e] and act' = act·value (op 0, scale), value (1, clamp), act + value (2, add).
// x, out [n, d_in]; acts [n, d_sae]; dirs [edits, d_in] are decoder rows; edits [edits, 3] = feature, op, bits of value;
// masks [edits, mask_width] = flags of n_heads heads, then of positions; row r has position (from_row + r) mod seq.

struct Params {
  n: u32, d_in: u32, d_sae: u32, edits: u32, seq: u32, n_heads: u32, mask_width: u32, from_row: u32
}
@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> acts: array<f32>;
@group(0) @binding(2) var<storage, read> dirs: array<f32>;
@group(0) @binding(3) var<storage, read> edits: array<u32>;
@group(0) @binding(4) var<storage, read> masks: array<u32>;
@group(0) @binding(5) var<storage, read_write> out: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

fn edited(op: u32, act: f32, value: f32) -> f32 {
  if (op == 0u) { return act * value; }
  if (op == 1u) { return value; }
  return act + value;
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let at = flat_id(gid, count);
  if (at >= params.n * params.d_in) { return; }
  let row = at / params.d_in;
  let i = at % params.d_in;
  let head = i * params.n_heads / params.d_in;
  let position = (params.from_row + row) % params.seq;
  var sum = x[at];
  for (var e = 0u; e < params.edits; e++) {
    let mask_at = e * params.mask_width;
    if (masks[mask_at + head] == 1u && masks[mask_at + params.n_heads + position] == 1u) {
      let act = acts[row * params.d_sae + edits[3u * e]];
      let change = edited(edits[3u * e + 1u], act, bitcast<f32>(edits[3u * e + 2u])) - act;
      sum += change * dirs[e * params.d_in + i];
    }
  }
  out[at] = sum;
}
