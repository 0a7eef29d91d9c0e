// out[m, n] = sum_k A[m, k] * B[k, n] (+ bias[n]) (+ out), A = aᵀ unless A_ALONG_K, B = bᵀ if B_ALONG_K.
// Shared-memory tile for hardware: 64 x 64 results a workgroup of 64, 8 x 8 an invocation, k in steps of 16. Each
// invocation brings a 4 x 4 block of each operand, turned so that the tiles lie [k][row] and [k][col] in vec4s.
// The contiguous dimensions of a, b and, for `main`, of out are multiples of 4; `ragged` takes any n with b = [n, k].

const A_ALONG_K: bool = true; // a is [m, k]; false: [k, m]
const B_ALONG_K: bool = true; // b is [n, k]; false: [k, n]

struct Params {
  m: u32, n: u32, k: u32,
  a_ld: u32,     // elements from one row of a to the next
  a_col: u32,    // first column of a (a window of columns)
  out_ld: u32,   // elements from one row of out to the next
  out_col: u32,  // first column of out and of bias
  has_bias: u32, // 1: bias is added; 0: bias is bound but not read
  accumulate: u32,
}
@group(0) @binding(0) var<storage, read> a: array<vec4f>;
@group(0) @binding(1) var<storage, read> b: array<vec4f>;
@group(0) @binding(2) var<storage, read> bias: array<vec4f>;      // [n]
@group(0) @binding(3) var<storage, read_write> out: array<vec4f>; // [m, n]
@group(0) @binding(4) var<storage, read> bias_ragged: array<f32>;      // [n]
@group(0) @binding(5) var<storage, read_write> out_ragged: array<f32>; // [m, n]
@group(1) @binding(0) var<uniform> params: Params;

// Rows of 16 vec4s and one of padding, so that the turned stores of four neighbours do not meet in one bank.
const STRIDE: u32 = 17u;
var<workgroup> a_tile: array<vec4f, 272>;
var<workgroup> b_tile: array<vec4f, 272>;

/// Four rows of a at columns col4·4 .. + 3 (matrix of `rows` x `ld`), as the columns of a matrix; 0 outside.
fn load_a(row: u32, rows: u32, col4: u32, cols4: u32) -> mat4x4f {
  var quad = mat4x4f();
  let ld4 = params.a_ld / 4u;
  let at = row * ld4 + params.a_col / 4u + col4;
  if (col4 < cols4) {
    if (row < rows) { quad[0] = a[at]; }
    if (row + 1u < rows) { quad[1] = a[at + ld4]; }
    if (row + 2u < rows) { quad[2] = a[at + 2u * ld4]; }
    if (row + 3u < rows) { quad[3] = a[at + 3u * ld4]; }
  }
  return quad;
}

/// The same of b, whose rows are cols4 vec4s long.
fn load_b(row: u32, rows: u32, col4: u32, cols4: u32) -> mat4x4f {
  var quad = mat4x4f();
  let at = row * cols4 + col4;
  if (col4 < cols4) {
    if (row < rows) { quad[0] = b[at]; }
    if (row + 1u < rows) { quad[1] = b[at + cols4]; }
    if (row + 2u < rows) { quad[2] = b[at + 2u * cols4]; }
    if (row + 3u < rows) { quad[3] = b[at + 3u * cols4]; }
  }
  return quad;
}

fn load_tiles(t: u32, row0: u32, col0: u32, k0: u32) {
  // Neighbours read along memory: along k four of them share a row, else sixteen.
  let a_k = select(t / 16u, t % 4u, A_ALONG_K);
  let a_m = select(t % 16u, t / 4u, A_ALONG_K);
  var a_block: mat4x4f;
  if (A_ALONG_K) {
    a_block = transpose(load_a(row0 + 4u * a_m, params.m, k0 / 4u + a_k, params.k / 4u));
  } else {
    a_block = load_a(k0 + 4u * a_k, params.k, row0 / 4u + a_m, params.m / 4u);
  }
  let b_k = select(t / 16u, t % 4u, B_ALONG_K);
  let b_n = select(t % 16u, t / 4u, B_ALONG_K);
  var b_block: mat4x4f;
  if (B_ALONG_K) {
    b_block = transpose(load_b(col0 + 4u * b_n, params.n, k0 / 4u + b_k, params.k / 4u));
  } else {
    b_block = load_b(k0 + 4u * b_k, params.k, col0 / 4u + b_n, params.n / 4u);
  }
  let a_at = 4u * a_k * STRIDE + a_m;
  a_tile[a_at] = a_block[0];
  a_tile[a_at + STRIDE] = a_block[1];
  a_tile[a_at + 2u * STRIDE] = a_block[2];
  a_tile[a_at + 3u * STRIDE] = a_block[3];
  let b_at = 4u * b_k * STRIDE + b_n;
  b_tile[b_at] = b_block[0];
  b_tile[b_at + STRIDE] = b_block[1];
  b_tile[b_at + 2u * STRIDE] = b_block[2];
  b_tile[b_at + 3u * STRIDE] = b_block[3];
}

fn store_ragged(row: u32, col: u32, value: vec4f) {
  if (row >= params.m) { return; }
  for (var j = 0u; j < 4u; j++) {
    if (col + j >= params.n) { return; }
    let c = params.out_col + col + j;
    let at = row * params.out_ld + c;
    var sum = value[j];
    if (params.has_bias != 0u) { sum += bias_ragged[c]; }
    if (params.accumulate != 0u) { sum += out_ragged[at]; }
    out_ragged[at] = sum;
  }
}

fn store(row: u32, col: u32, value: vec4f) {
  if (row >= params.m || col >= params.n) { return; }
  let c4 = (params.out_col + col) / 4u;
  let at = row * (params.out_ld / 4u) + c4;
  var sum = value;
  if (params.has_bias != 0u) { sum += bias[c4]; }
  if (params.accumulate != 0u) { sum += out[at]; }
  out[at] = sum;
}

/// Vec4 2·r holds columns col0 + 4·x .. + 3 of the invocation's row r, vec4 2·r + 1 those 32 to the right.
fn tile(t: u32, row0: u32, col0: u32) -> array<vec4f, 16> {
  let x = t % 8u;
  let y = t / 8u;
  var c0 = vec4f(); var c1 = vec4f(); var c2 = vec4f(); var c3 = vec4f();
  var c4 = vec4f(); var c5 = vec4f(); var c6 = vec4f(); var c7 = vec4f();
  var d0 = vec4f(); var d1 = vec4f(); var d2 = vec4f(); var d3 = vec4f();
  var d4 = vec4f(); var d5 = vec4f(); var d6 = vec4f(); var d7 = vec4f();
  for (var k0 = 0u; k0 < params.k; k0 += 16u) {
    load_tiles(t, row0, col0, k0);
    workgroupBarrier();
    for (var i = 0u; i < 16u; i++) {
      let a0 = a_tile[i * STRIDE + y];
      let a1 = a_tile[i * STRIDE + y + 8u];
      let b0 = b_tile[i * STRIDE + x];
      let b1 = b_tile[i * STRIDE + x + 8u];
      c0 += a0.x * b0; d0 += a0.x * b1;
      c1 += a0.y * b0; d1 += a0.y * b1;
      c2 += a0.z * b0; d2 += a0.z * b1;
      c3 += a0.w * b0; d3 += a0.w * b1;
      c4 += a1.x * b0; d4 += a1.x * b1;
      c5 += a1.y * b0; d5 += a1.y * b1;
      c6 += a1.z * b0; d6 += a1.z * b1;
      c7 += a1.w * b0; d7 += a1.w * b1;
    }
    workgroupBarrier();
  }
  return array<vec4f, 16>(c0, d0, c1, d1, c2, d2, c3, d3, c4, d4, c5, d5, c6, d6, c7, d7);
}

/// Row of the result that is the invocation's r-th.
fn tile_row(t: u32, row0: u32, r: u32) -> u32 {
  return row0 + 4u * (t / 8u) + r % 4u + 32u * (r / 4u);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let acc = tile(t, wid.y * 64u, wid.x * 64u);
  for (var r = 0u; r < 8u; r++) {
    let row = tile_row(t, wid.y * 64u, r);
    store(row, wid.x * 64u + 4u * (t % 8u), acc[2u * r]);
    store(row, wid.x * 64u + 4u * (t % 8u) + 32u, acc[2u * r + 1u]);
  }
}

@compute @workgroup_size(64)
fn ragged(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let acc = tile(t, wid.y * 64u, wid.x * 64u);
  for (var r = 0u; r < 8u; r++) {
    let row = tile_row(t, wid.y * 64u, r);
    store_ragged(row, wid.x * 64u + 4u * (t % 8u), acc[2u * r]);
    store_ragged(row, wid.x * 64u + 4u * (t % 8u) + 32u, acc[2u * r + 1u]);
  }
}
