// cells[k, s] = pattern[k, dest, s]·Σ_i (v[s, kv(k), i] − b_V[kv(k), i])·w[feature, k, i] for s <= dest, else 0.
// kv(k) = floor(k·n_kv / n_heads). pattern [n_heads, seq, seq], v [seq, n_kv, d_head], b_V [n_kv, d_head],
// w = W_enc [d_sae, n_heads·d_head], cells [n_heads, seq]. One invocation a cell.
// Direct feature attribution of Kissane et al. 2024, arXiv 2406.17759.

struct Params { seq: u32, n_heads: u32, n_kv: u32, d_head: u32, feature: u32, dest: u32 }
@group(0) @binding(0) var<storage, read> pattern: array<f32>;
@group(0) @binding(1) var<storage, read> v: array<f32>;
@group(0) @binding(2) var<storage, read> b_V: array<f32>;
@group(0) @binding(3) var<storage, read> W_enc: array<f32>;
@group(0) @binding(4) var<storage, read_write> cells: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let at = flat_id(gid, count);
  if (at >= params.n_heads * params.seq) { return; }
  let k = at / params.seq;
  let s = at % params.seq;
  var cell = 0.0;
  if (s <= params.dest) {
    let kv = k * params.n_kv / params.n_heads;
    let w_at = (params.feature * params.n_heads + k) * params.d_head;
    let v_at = (s * params.n_kv + kv) * params.d_head;
    for (var i = 0u; i < params.d_head; i++) {
      cell += (v[v_at + i] - b_V[kv * params.d_head + i]) * W_enc[w_at + i];
    }
    cell *= pattern[(k * params.seq + params.dest) * params.seq + s];
  }
  cells[at] = cell;
}
