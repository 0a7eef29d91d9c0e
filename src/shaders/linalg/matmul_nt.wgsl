// out[m, n] = sum_k a[m, k] * b[n, k] (+ bias[n]) (+ out): a·bᵀ, both operands contiguous along k.
// Register tile of 16 x 16 results an invocation; no workgroup memory and no barrier, because on software adapters
// every barrier is a coroutine switch and every load a bounds-checked gather: most products a load win. k is a multiple of 4. `main` needs n, and the
// rows of out, in multiples of 4; `ragged` takes any n (a vocabulary of 50,257).

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
@group(0) @binding(1) var<storage, read> b: array<vec4f>;         // [n, k]
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;      // [n]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // [m, n]
@group(0) @binding(4) var<storage, read> bias_ragged: array<f32>;      // [n]
@group(0) @binding(5) var<storage, read_write> out_ragged: array<f32>; // [m, n]
@group(1) @binding(0) var<uniform> params: Params;

const ROWS: u32 = 16u;
const COLS: u32 = 16u;

/// Sums of rows row .. + 15 and columns col .. + 15; vec4 4·r + j holds columns 4·j .. + 3 of row r.
fn tile(row: u32, col: u32) -> array<vec4f, 64> {
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
  let last_col = params.n - 1u;
  let k4 = params.k / 4u;
  let b0 = min(col + 0u, last_col) * k4;
  let b1 = min(col + 1u, last_col) * k4;
  let b2 = min(col + 2u, last_col) * k4;
  let b3 = min(col + 3u, last_col) * k4;
  let b4 = min(col + 4u, last_col) * k4;
  let b5 = min(col + 5u, last_col) * k4;
  let b6 = min(col + 6u, last_col) * k4;
  let b7 = min(col + 7u, last_col) * k4;
  let b8 = min(col + 8u, last_col) * k4;
  let b9 = min(col + 9u, last_col) * k4;
  let b10 = min(col + 10u, last_col) * k4;
  let b11 = min(col + 11u, last_col) * k4;
  let b12 = min(col + 12u, last_col) * k4;
  let b13 = min(col + 13u, last_col) * k4;
  let b14 = min(col + 14u, last_col) * k4;
  let b15 = min(col + 15u, last_col) * k4;
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
  for (var i = 0u; i < k4; i++) {
    // x * B with the rows of b as columns of B: four dot products.
    let B0 = mat4x4f(b[b0 + i], b[b1 + i], b[b2 + i], b[b3 + i]);
    let B1 = mat4x4f(b[b4 + i], b[b5 + i], b[b6 + i], b[b7 + i]);
    let B2 = mat4x4f(b[b8 + i], b[b9 + i], b[b10 + i], b[b11 + i]);
    let B3 = mat4x4f(b[b12 + i], b[b13 + i], b[b14 + i], b[b15 + i]);
    let x0 = a[a0 + i]; c0 += x0 * B0; d0 += x0 * B1; e0 += x0 * B2; f0 += x0 * B3;
    let x1 = a[a1 + i]; c1 += x1 * B0; d1 += x1 * B1; e1 += x1 * B2; f1 += x1 * B3;
    let x2 = a[a2 + i]; c2 += x2 * B0; d2 += x2 * B1; e2 += x2 * B2; f2 += x2 * B3;
    let x3 = a[a3 + i]; c3 += x3 * B0; d3 += x3 * B1; e3 += x3 * B2; f3 += x3 * B3;
    let x4 = a[a4 + i]; c4 += x4 * B0; d4 += x4 * B1; e4 += x4 * B2; f4 += x4 * B3;
    let x5 = a[a5 + i]; c5 += x5 * B0; d5 += x5 * B1; e5 += x5 * B2; f5 += x5 * B3;
    let x6 = a[a6 + i]; c6 += x6 * B0; d6 += x6 * B1; e6 += x6 * B2; f6 += x6 * B3;
    let x7 = a[a7 + i]; c7 += x7 * B0; d7 += x7 * B1; e7 += x7 * B2; f7 += x7 * B3;
    let x8 = a[a8 + i]; c8 += x8 * B0; d8 += x8 * B1; e8 += x8 * B2; f8 += x8 * B3;
    let x9 = a[a9 + i]; c9 += x9 * B0; d9 += x9 * B1; e9 += x9 * B2; f9 += x9 * B3;
    let x10 = a[a10 + i]; c10 += x10 * B0; d10 += x10 * B1; e10 += x10 * B2; f10 += x10 * B3;
    let x11 = a[a11 + i]; c11 += x11 * B0; d11 += x11 * B1; e11 += x11 * B2; f11 += x11 * B3;
    let x12 = a[a12 + i]; c12 += x12 * B0; d12 += x12 * B1; e12 += x12 * B2; f12 += x12 * B3;
    let x13 = a[a13 + i]; c13 += x13 * B0; d13 += x13 * B1; e13 += x13 * B2; f13 += x13 * B3;
    let x14 = a[a14 + i]; c14 += x14 * B0; d14 += x14 * B1; e14 += x14 * B2; f14 += x14 * B3;
    let x15 = a[a15 + i]; c15 += x15 * B0; d15 += x15 * B1; e15 += x15 * B2; f15 += x15 * B3;
  }
  return array<vec4f, 64>(
    c0, d0, e0, f0, c1, d1, e1, f1, c2, d2, e2, f2, c3, d3, e3, f3,
    c4, d4, e4, f4, c5, d5, e5, f5, c6, d6, e6, f6, c7, d7, e7, f7,
    c8, d8, e8, f8, c9, d9, e9, f9, c10, d10, e10, f10, c11, d11, e11, f11,
    c12, d12, e12, f12, c13, d13, e13, f13, c14, d14, e14, f14, c15, d15, e15, f15,
  );
}

// Rolled epilogues keep the pipelines several times cheaper to compile than 64 guarded stores.
@compute @workgroup_size(4, 4)
fn main(@builtin(global_invocation_id) gid: vec3u) {
  let row = gid.y * ROWS;
  let col = gid.x * COLS;
  if (row >= params.m || col >= params.n) { return; }
  let acc = tile(row, col);
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

@compute @workgroup_size(4, 4)
fn ragged(@builtin(global_invocation_id) gid: vec3u) {
  let row = gid.y * ROWS;
  let col = gid.x * COLS;
  if (row >= params.m || col >= params.n) { return; }
  let acc = tile(row, col);
  for (var r = 0u; r < min(ROWS, params.m - row); r++) {
    for (var j = 0u; j < min(COLS, params.n - col); j++) {
      let c = params.out_col + col + j;
      let at = (row + r) * params.out_ld + c;
      var sum = acc[4u * r + j / 4u][j % 4u];
      if (params.has_bias != 0u) { sum += bias_ragged[c]; }
      if (params.accumulate != 0u) { sum += out_ragged[at]; }
      out_ragged[at] = sum;
    }
  }
}
