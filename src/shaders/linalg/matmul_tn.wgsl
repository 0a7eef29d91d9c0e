// out[m, n] = sum_k a[k, m] * b[k, n] (+ bias[n]) (+ out): aᵀ·b, the weight gradient of a linear layer (k = rows).
// Register tile of 16 x 16 results an invocation; no workgroup memory and no barrier (see matmul_nt.wgsl).
// m and n are multiples of 4; k is any.

struct Params {
  m: u32, n: u32, k: u32,
  a_ld: u32,     // elements from one row of a to the next
  a_col: u32,    // first column of a (a window of columns)
  out_ld: u32,   // elements from one row of out to the next
  out_col: u32,  // first column of out and of bias
  has_bias: u32, // 1: bias is added; 0: bias is bound but not read
  accumulate: u32,
}
@group(0) @binding(0) var<storage, read> a: array<vec4f>;         // [k, m]
@group(0) @binding(1) var<storage, read> b: array<vec4f>;         // [k, n]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;      // [n]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // [m, n]
@group(1) @binding(0) var<uniform> params: Params;

const ROWS: u32 = 16u;
const COLS: u32 = 16u;

@compute @workgroup_size(4, 4)
fn main(@builtin(global_invocation_id) gid: vec3u) {
  let row = gid.y * ROWS;
  let col = gid.x * COLS;
  if (row >= params.m || col >= params.n) { return; }
  // Columns past the end repeat the last four: loads stay in range and the result is not stored.
  let last_a = params.m / 4u - 1u;
  let last_b = params.n / 4u - 1u;
  let a_col4 = params.a_col / 4u;
  let a0 = min(row / 4u + 0u, last_a) + a_col4;
  let a1 = min(row / 4u + 1u, last_a) + a_col4;
  let a2 = min(row / 4u + 2u, last_a) + a_col4;
  let a3 = min(row / 4u + 3u, last_a) + a_col4;
  let b0 = col / 4u;
  let b1 = min(b0 + 1u, last_b);
  let b2 = min(b0 + 2u, last_b);
  let b3 = min(b0 + 3u, last_b);
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  var d0 = vec4f(); var d1 = vec4f(); var d2 = vec4f(); var d3 = vec4f();
  var e0 = vec4f(); var e1 = vec4f(); var e2 = vec4f(); var e3 = vec4f();
  var f0 = vec4f(); var f1 = vec4f(); var f2 = vec4f(); var f3 = vec4f();
  var c4 = vec4f(); var c5 = vec4f(); var c6 = vec4f(); var c7 = vec4f();
  var d4 = vec4f(); var d5 = vec4f(); var d6 = vec4f(); var d7 = vec4f();
  var e4 = vec4f(); var e5 = vec4f(); var e6 = vec4f(); var e7 = vec4f();
  var f4 = vec4f(); var f5 = vec4f(); var f6 = vec4f(); var f7 = vec4f();
  var c8 = vec4f(); var c9 = vec4f(); var c10 = vec4f(); var c11 = vec4f();
  var d8 = vec4f(); var d9 = vec4f(); var d10 = vec4f(); var d11 = vec4f();
  var e8 = vec4f(); var e9 = vec4f(); var e10 = vec4f(); var e11 = vec4f();
  var f8 = vec4f(); var f9 = vec4f(); var f10 = vec4f(); var f11 = vec4f();
  var c12 = vec4f(); var c13 = vec4f(); var c14 = vec4f(); var c15 = vec4f();
  var d12 = vec4f(); var d13 = vec4f(); var d14 = vec4f(); var d15 = vec4f();
  var e12 = vec4f(); var e13 = vec4f(); var e14 = vec4f(); var e15 = vec4f();
  var f12 = vec4f(); var f13 = vec4f(); var f14 = vec4f(); var f15 = vec4f();
  for (var i = 0u; i < params.k; i++) {
    let a_at = i * (params.a_ld / 4u);
    let b_at = i * (last_b + 1u);
    let y0 = b[b_at + b0];
    let y1 = b[b_at + b1];
    let y2 = b[b_at + b2];
    let y3 = b[b_at + b3];
    let x0 = a[a_at + a0];
    c0 += x0.x * y0; d0 += x0.x * y1;
    e0 += x0.x * y2; f0 += x0.x * y3;
    c1 += x0.y * y0; d1 += x0.y * y1;
    e1 += x0.y * y2; f1 += x0.y * y3;
    c2 += x0.z * y0; d2 += x0.z * y1;
    e2 += x0.z * y2; f2 += x0.z * y3;
    c3 += x0.w * y0; d3 += x0.w * y1;
    e3 += x0.w * y2; f3 += x0.w * y3;
    let x1 = a[a_at + a1];
    c4 += x1.x * y0; d4 += x1.x * y1;
    e4 += x1.x * y2; f4 += x1.x * y3;
    c5 += x1.y * y0; d5 += x1.y * y1;
    e5 += x1.y * y2; f5 += x1.y * y3;
    c6 += x1.z * y0; d6 += x1.z * y1;
    e6 += x1.z * y2; f6 += x1.z * y3;
    c7 += x1.w * y0; d7 += x1.w * y1;
    e7 += x1.w * y2; f7 += x1.w * y3;
    let x2 = a[a_at + a2];
    c8 += x2.x * y0; d8 += x2.x * y1;
    e8 += x2.x * y2; f8 += x2.x * y3;
    c9 += x2.y * y0; d9 += x2.y * y1;
    e9 += x2.y * y2; f9 += x2.y * y3;
    c10 += x2.z * y0; d10 += x2.z * y1;
    e10 += x2.z * y2; f10 += x2.z * y3;
    c11 += x2.w * y0; d11 += x2.w * y1;
    e11 += x2.w * y2; f11 += x2.w * y3;
    let x3 = a[a_at + a3];
    c12 += x3.x * y0; d12 += x3.x * y1;
    e12 += x3.x * y2; f12 += x3.x * y3;
    c13 += x3.y * y0; d13 += x3.y * y1;
    e13 += x3.y * y2; f13 += x3.y * y3;
    c14 += x3.z * y0; d14 += x3.z * y1;
    e14 += x3.z * y2; f14 += x3.z * y3;
    c15 += x3.w * y0; d15 += x3.w * y1;
    e15 += x3.w * y2; f15 += x3.w * y3;
  }

  // A rolled epilogue keeps the pipeline several times cheaper to compile than 64 guarded stores.
  let acc = array<vec4f, 64>(
    c0, d0, e0, f0, c1, d1, e1, f1, c2, d2, e2, f2, c3, d3, e3, f3,
    c4, d4, e4, f4, c5, d5, e5, f5, c6, d6, e6, f6, c7, d7, e7, f7,
    c8, d8, e8, f8, c9, d9, e9, f9, c10, d10, e10, f10, c11, d11, e11, f11,
    c12, d12, e12, f12, c13, d13, e13, f13, c14, d14, e14, f14, c15, d15, e15, f15,
  );
  let n4 = (params.n - col) / 4u;
  for (var r = 0u; r < min(ROWS, params.m - row); r++) {
    for (var j = 0u; j < min(4u, n4); j++) {
      let c4 = (params.out_col + col) / 4u + j;
      let at = (row + r) * (params.out_ld / 4u) + c4;
      var sum = acc[4u * r + j];
      if (params.has_bias != 0u) { sum += bias[c4]; }
      if (params.accumulate != 0u) { sum += out[at]; }
      out[at] = sum;
    }
  }
}
