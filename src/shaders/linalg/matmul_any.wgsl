// out[m, n] = sum_k A[m, k] * B[k, n] (+ bias[n]) (+ out), A(row, i) = a[a_at + row·a_row + i·a_k], B(i, col) = b[i·b_k + col·b_col].
// The general form: any size and any of NN, NT, TN by strides. Register tile of 4 x 4 results an invocation, scalar
// loads, no barrier.

struct Params {
  m: u32, n: u32, k: u32,
  a_at: u32, a_row: u32, a_k: u32,
  b_k: u32, b_col: u32,
  out_ld: u32,   // elements from one row of out to the next
  out_col: u32,  // first column of out and of bias
  has_bias: u32, // 1: bias is added; 0: bias is bound but not read
  accumulate: u32,
}
@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;      // [n]
@group(0) @binding(3) var<storage, read_write> out: array<f32>; // [m, n]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(global_invocation_id) gid: vec3u) {
  let row = gid.y * 4u;
  let col = gid.x * 4u;
  if (row >= params.m || col >= params.n) { return; }
  // Rows and columns past the end repeat the last one: loads stay in range and the result is not stored.
  let rows = params.a_at + min(vec4u(row, row + 1u, row + 2u, row + 3u), vec4u(params.m - 1u)) * params.a_row;
  let cols = min(vec4u(col, col + 1u, col + 2u, col + 3u), vec4u(params.n - 1u)) * params.b_col;
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  for (var i = 0u; i < params.k; i++) {
    let at = rows + i * params.a_k;
    let bt = cols + i * params.b_k;
    let y = vec4f(b[bt.x], b[bt.y], b[bt.z], b[bt.w]);
    c0 += a[at.x] * y;
    c1 += a[at.y] * y;
    c2 += a[at.z] * y;
    c3 += a[at.w] * y;
  }
  let acc = array<vec4f, 4>(c0, c1, c2, c3);
  for (var r = 0u; r < min(4u, params.m - row); r++) {
    for (var j = 0u; j < min(4u, params.n - col); j++) {
      let c = params.out_col + col + j;
      let o = (row + r) * params.out_ld + c;
      var sum = acc[r][j];
      if (params.has_bias != 0u) { sum += bias[c]; }
      if (params.accumulate != 0u) { sum += out[o]; }
      out[o] = sum;
    }
  }
}
