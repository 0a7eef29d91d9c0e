// Nested prefixes of the dictionary (Matryoshka): prefix h ends before feature E<h>. LEVELS = 0: one prefix, err as it is.
// Rows of err: the code's rows (batch, then AuxK's), then for each prefix the n rows of the batch again.

const LEVELS: u32 = 0u;
const E0: u32 = 4294967295u;
const E1: u32 = 4294967295u;
const E2: u32 = 4294967295u;
const E3: u32 = 4294967295u;
const E4: u32 = 4294967295u;
const E5: u32 = 4294967295u;
const E6: u32 = 4294967295u;

/// First feature beyond prefix h.
fn prefix_end(h: u32) -> u32 {
  let ends = array<u32, 8>(E0, E1, E2, E3, E4, E5, E6, 4294967295u);
  return ends[h];
}

/// Row of err by which entry (row, f) of the code is trained; n rows of the batch, `rows` of the code.
fn err_row(row: u32, f: u32, n: u32, rows: u32) -> u32 {
  if (LEVELS == 0u || row >= n) { return row; }
  let h = u32(f >= E0) + u32(f >= E1) + u32(f >= E2) + u32(f >= E3) + u32(f >= E4) + u32(f >= E5) + u32(f >= E6);
  return rows + h * n + row;
}
