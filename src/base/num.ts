/** ceil(a / b) for positive integers. */
export const ceilDiv = (a: number, b: number): number => Math.floor((a + b - 1) / b);

/** The smallest multiple of `step` that is at least `n`. */
export const roundUp = (n: number, step: number): number => ceilDiv(n, step) * step;

const scratch = new DataView(new ArrayBuffer(4));

/** IEEE 754 binary16 bits to number (subnormals, infinities and NaN included). */
export function f16ToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** Number to binary16 bits, round to nearest even; over 65,519 gives infinity. */
export function numberToF16(value: number): number {
  scratch.setFloat32(0, value);
  const f = scratch.getUint32(0);
  const sign = (f >>> 16) & 0x8000;
  const rest = f & 0x7fffffff;
  if (rest >= 0x7f800000) return sign | 0x7c00 | (rest > 0x7f800000 ? 0x200 : 0);
  if (rest >= 0x477ff000) return sign | 0x7c00;
  if (rest < 0x33000001) return sign;
  const exponent = rest >>> 23;
  const mantissa = (rest & 0x7fffff) | 0x800000;
  const shift = exponent >= 113 ? 13 : 126 - exponent;
  const base = exponent >= 113 ? (exponent - 112) << 10 : 0;
  const kept = exponent >= 113 ? (mantissa & 0x7fffff) >>> 13 : mantissa >>> shift;
  const dropped = mantissa & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  const up = dropped > half || (dropped === half && (kept & 1) === 1) ? 1 : 0;
  return sign | (base + kept + up);
}

/** bfloat16 bits to number. */
export function bf16ToNumber(bits: number): number {
  scratch.setUint32(0, (bits << 16) >>> 0);
  return scratch.getFloat32(0);
}

/** The q-quantile (0..1) of sorted values, linear between neighbours; NaN of an empty list. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  if (sorted.length === 0) return Number.NaN;
  const at = q * (sorted.length - 1);
  const low = Math.floor(at);
  const a = sorted[low] as number;
  const b = sorted[Math.min(low + 1, sorted.length - 1)] as number;
  return a + (b - a) * (at - low);
}
