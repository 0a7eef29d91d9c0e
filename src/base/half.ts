/** The f16 bit patterns nearest to the values, ties to even; too large becomes infinity, as IEEE 754 says. */
export function toHalf(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  return Uint16Array.from(bits, half);
}

function half(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const exponent = ((bits >>> 23) & 0xff) - 127;
  const mantissa = bits & 0x7fffff;
  if (exponent === 128) return sign | 0x7c00 | (mantissa ? 0x200 : 0);
  if (exponent > 15) return sign | 0x7c00;
  if (exponent < -25) return sign;
  // Below 2^-14 the number is subnormal: the hidden one is written out and moved right.
  const full = exponent < -14 ? mantissa | 0x800000 : mantissa;
  const shift = exponent < -14 ? 13 + (-14 - exponent) : 13;
  const base = exponent < -14 ? 0 : (exponent + 15) << 10;
  const kept = full >>> shift;
  const rest = full & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  const up = rest > middle || (rest === middle && (kept & 1) === 1) ? 1 : 0;
  return sign | (base + kept + up);
}
