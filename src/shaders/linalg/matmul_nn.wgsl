// out[m, n] = sum_k a[m, k] * b[k, n] (+ bias[n]) (+ out): a·b.
// Register tile of 16 x 16 results an invocation; no workgroup memory and no barrier (see matmul_nt.wgsl).
// k and n are multiples of 4.

struct Params {
  m: u32, n: u32, k: u32,
  a_ld: u32,     // elements from one row of a to the next
  a_col: u32,    // first column of a (a window of columns)
  out_ld: u32,   // elements from one row of out to the next
  out_col: u32,  // first column of out and of bias
  has_bias: u32, // 1: bias is added; 0: bias is bound but not read
  accumulate: u32,
}
@group(0) @binding(0) var<storage, read> a: array<vec4f>;         // [m, k]
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
  // Rows past the end repeat the last one: loads stay in range and the result is not stored.
  let last_row = params.m - 1u;
  let a_ld4 = params.a_ld / 4u;
  let a_col4 = params.a_col / 4u;
  let a0 = min(row + 0u, last_row) * a_ld4 + a_col4;
  let a1 = min(row + 1u, last_row) * a_ld4 + a_col4;
  let a2 = min(row + 2u, last_row) * a_ld4 + a_col4;
  let a3 = min(row + 3u, last_row) * a_ld4 + a_col4;
  let a4 = min(row + 4u, last_row) * a_ld4 + a_col4;
  let a5 = min(row + 5u, last_row) * a_ld4 + a_col4;
  let a6 = min(row + 6u, last_row) * a_ld4 + a_col4;
  let a7 = min(row + 7u, last_row) * a_ld4 + a_col4;
  let a8 = min(row + 8u, last_row) * a_ld4 + a_col4;
  let a9 = min(row + 9u, last_row) * a_ld4 + a_col4;
  let a10 = min(row + 10u, last_row) * a_ld4 + a_col4;
  let a11 = min(row + 11u, last_row) * a_ld4 + a_col4;
  let a12 = min(row + 12u, last_row) * a_ld4 + a_col4;
  let a13 = min(row + 13u, last_row) * a_ld4 + a_col4;
  let a14 = min(row + 14u, last_row) * a_ld4 + a_col4;
  let a15 = min(row + 15u, last_row) * a_ld4 + a_col4;
  let n4_row = params.n / 4u;
  let b0 = col / 4u;
  let b1 = min(b0 + 1u, n4_row - 1u);
  let b2 = min(b0 + 2u, n4_row - 1u);
  let b3 = min(b0 + 3u, n4_row - 1u);
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
  for (var i = 0u; i < params.k / 4u; i++) {
    // B * x with four rows of b as columns of B: sum over the four k of x[k] * b[k, 0..4].
    let k0 = 4u * i * n4_row;
    let k1 = k0 + n4_row;
    let k2 = k1 + n4_row;
    let k3 = k2 + n4_row;
    let B0 = mat4x4f(b[k0 + b0], b[k1 + b0], b[k2 + b0], b[k3 + b0]);
    let B1 = mat4x4f(b[k0 + b1], b[k1 + b1], b[k2 + b1], b[k3 + b1]);
    let B2 = mat4x4f(b[k0 + b2], b[k1 + b2], b[k2 + b2], b[k3 + b2]);
    let B3 = mat4x4f(b[k0 + b3], b[k1 + b3], b[k2 + b3], b[k3 + b3]);
    let x0 = a[a0 + i]; c0 += B0 * x0; d0 += B1 * x0; e0 += B2 * x0; f0 += B3 * x0;
    let x1 = a[a1 + i]; c1 += B0 * x1; d1 += B1 * x1; e1 += B2 * x1; f1 += B3 * x1;
    let x2 = a[a2 + i]; c2 += B0 * x2; d2 += B1 * x2; e2 += B2 * x2; f2 += B3 * x2;
    let x3 = a[a3 + i]; c3 += B0 * x3; d3 += B1 * x3; e3 += B2 * x3; f3 += B3 * x3;
    let x4 = a[a4 + i]; c4 += B0 * x4; d4 += B1 * x4; e4 += B2 * x4; f4 += B3 * x4;
    let x5 = a[a5 + i]; c5 += B0 * x5; d5 += B1 * x5; e5 += B2 * x5; f5 += B3 * x5;
    let x6 = a[a6 + i]; c6 += B0 * x6; d6 += B1 * x6; e6 += B2 * x6; f6 += B3 * x6;
    let x7 = a[a7 + i]; c7 += B0 * x7; d7 += B1 * x7; e7 += B2 * x7; f7 += B3 * x7;
    let x8 = a[a8 + i]; c8 += B0 * x8; d8 += B1 * x8; e8 += B2 * x8; f8 += B3 * x8;
    let x9 = a[a9 + i]; c9 += B0 * x9; d9 += B1 * x9; e9 += B2 * x9; f9 += B3 * x9;
    let x10 = a[a10 + i]; c10 += B0 * x10; d10 += B1 * x10; e10 += B2 * x10; f10 += B3 * x10;
    let x11 = a[a11 + i]; c11 += B0 * x11; d11 += B1 * x11; e11 += B2 * x11; f11 += B3 * x11;
    let x12 = a[a12 + i]; c12 += B0 * x12; d12 += B1 * x12; e12 += B2 * x12; f12 += B3 * x12;
    let x13 = a[a13 + i]; c13 += B0 * x13; d13 += B1 * x13; e13 += B2 * x13; f13 += B3 * x13;
    let x14 = a[a14 + i]; c14 += B0 * x14; d14 += B1 * x14; e14 += B2 * x14; f14 += B3 * x14;
    let x15 = a[a15 + i]; c15 += B0 * x15; d15 += B1 * x15; e15 += B2 * x15; f15 += B3 * x15;
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
