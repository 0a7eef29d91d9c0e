// One product of causal attention for every (batch, head): out[r, c] = scale * sum_i A[r, i] * B[i, c].
//
//   what        out[r, c]            A[r, i]              B[i, c]          causal
//   scores      scores[dest, source] q[dest, e]           k[source, e]     mask: c <= r, else fill (-1e30)
//   d_pattern   d_pattern[dest, src] d_z[dest, e]         v[src, e]        mask: c <= r, else fill (0)
//   z           z[dest, e]           pattern[dest, src]   v[src, e]        lower: A is 0 for i > r
//   d_q         d_q[dest, e]         d_scores[dest, src]  k[src, e]        lower
//   d_v         d_v[src, e]          pattern[dest, src]   d_z[dest, e]     upper: A is 0 for i < r; summed over heads
//   d_k         d_k[src, e]          d_scores[dest, src]  q[dest, e]       upper; summed over heads
//
// q, z [batch, seq, n_heads, d_head]; k, v [batch, seq, n_kv_heads, d_head]; scores, pattern [batch, n_heads, seq, seq];
// all by strides. Head h reads key/value head h / group. Register tile 8 x 8, no workgroup memory, no barrier.

struct Params {
  m: u32, n: u32, k: u32,
  batches: u32,
  heads: u32,      // heads of out
  sum_heads: u32,  // heads of A added into one head of out: n_heads / n_kv_heads for d_k and d_v, else 1
  b_group: u32,    // heads of A that share one head of B: n_heads / n_kv_heads where B is k or v, else 1
  a_batch: u32, a_head: u32, a_row: u32, a_i: u32,
  b_batch: u32, b_head: u32, b_i: u32, b_col: u32,
  out_batch: u32, out_head: u32, out_row: u32,
  causal: u32,     // 0 mask, 1 lower, 2 upper
  scale: f32,
  fill: f32,       // value above the diagonal for mask
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

const MASK: u32 = 0u;
const LOWER: u32 = 1u;
const UPPER: u32 = 2u;

@compute @workgroup_size(4, 8)
fn main(@builtin(global_invocation_id) gid: vec3u) {
  let row = gid.y * 8u;
  let col = gid.x * 8u;
  let batch = gid.z / params.heads;
  let head = gid.z % params.heads;
  if (row >= params.m || col >= params.n) { return; }
  // A tile wholly above the diagonal is only filled.
  let empty = params.causal == MASK && col > row + 7u;
  let i_from = select(0u, row, params.causal == UPPER);
  let i_to = select(select(params.k, min(params.k, row + 8u), params.causal == LOWER), 0u, empty);

  // Rows and columns past the end repeat the last one: loads stay in range and the result is not stored.
  let step = vec4u(0u, 1u, 2u, 3u);
  let rows0 = min(row + step, vec4u(params.m - 1u)) * params.a_row;
  let rows1 = min(row + 4u + step, vec4u(params.m - 1u)) * params.a_row;
  let cols0 = min(col + step, vec4u(params.n - 1u)) * params.b_col;
  let cols1 = min(col + 4u + step, vec4u(params.n - 1u)) * params.b_col;
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  var c4 = vec4f(); var c5 = vec4f(); var c6 = vec4f(); var c7 = vec4f();
  var d0 = vec4f(); var d1 = vec4f(); var d2 = vec4f(); var d3 = vec4f();
  var d4 = vec4f(); var d5 = vec4f(); var d6 = vec4f(); var d7 = vec4f();
  for (var h = 0u; h < params.sum_heads; h++) {
    let a_head = head * params.sum_heads + h;
    let a_at = batch * params.a_batch + a_head * params.a_head;
    let b_at = batch * params.b_batch + a_head / params.b_group * params.b_head;
    for (var i = i_from; i < i_to; i++) {
      let p = rows0 + (a_at + i * params.a_i);
      let q = rows1 + (a_at + i * params.a_i);
      let s = cols0 + (b_at + i * params.b_i);
      let t = cols1 + (b_at + i * params.b_i);
      let y = vec4f(b[s.x], b[s.y], b[s.z], b[s.w]);
      let z = vec4f(b[t.x], b[t.y], b[t.z], b[t.w]);
      let u = vec4f(a[p.x], a[p.y], a[p.z], a[p.w]);
      let v = vec4f(a[q.x], a[q.y], a[q.z], a[q.w]);
      c0 += u.x * y; d0 += u.x * z;
      c1 += u.y * y; d1 += u.y * z;
      c2 += u.z * y; d2 += u.z * z;
      c3 += u.w * y; d3 += u.w * z;
      c4 += v.x * y; d4 += v.x * z;
      c5 += v.y * y; d5 += v.y * z;
      c6 += v.z * y; d6 += v.z * z;
      c7 += v.w * y; d7 += v.w * z;
    }
  }
  let acc = array<vec4f, 16>(c0, d0, c1, d1, c2, d2, c3, d3, c4, d4, c5, d5, c6, d6, c7, d7);
  let out_at = batch * params.out_batch + head * params.out_head;
  for (var r = 0u; r < min(8u, params.m - row); r++) {
    for (var j = 0u; j < min(8u, params.n - col); j++) {
      let masked = params.causal == MASK && col + j > row + r;
      let value = acc[2u * r + j / 4u][j % 4u] * params.scale;
      out[out_at + (row + r) * params.out_row + col + j] = select(value, params.fill, masked);
    }
  }
}
