// start[f] = entries of feature f in the code (all rows), to be scanned; hits[f] = those of the first n rows (AuxK rows follow).
// A feature with hits > 0 fired: last_fired[f] = step, fired[f] += hits. One invocation a feature.

const WORDS: u32 = 1u;

struct Params { d_sae: u32, n: u32, step: u32 }
@group(0) @binding(0) var<storage, read> bits: array<u32>;              // [d_sae, WORDS] of dz_mark.wgsl
@group(0) @binding(1) var<storage, read_write> start: array<u32>;       // [d_sae + 1]
@group(0) @binding(2) var<storage, read_write> hits: array<u32>;        // [d_sae]
@group(0) @binding(3) var<storage, read_write> last_fired: array<u32>;  // [d_sae] step
@group(0) @binding(4) var<storage, read_write> fired: array<u32>;       // [d_sae] entries so far
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let f = flat_id(gid, count);
  if (f >= params.d_sae) { return; }
  var all = 0u;
  var main_rows = 0u;
  for (var w = 0u; w < WORDS; w++) {
    let word = bits[f * WORDS + w];
    all += countOneBits(word);
    let left = params.n - min(params.n, w * 32u); // rows of the batch from this word on
    let mask = select((1u << (left & 31u)) - 1u, 0xffffffffu, left >= 32u);
    main_rows += countOneBits(word & mask);
  }
  start[f] = all;
  hits[f] = main_rows;
  if (main_rows > 0u) {
    last_fired[f] = params.step;
    fired[f] += main_rows;
  }
}
