/** GPT-2's printable character for each of the 256 bytes, and back. */
const BYTE_OF_CHAR: ReadonlyMap<string, number> = byteOfChar();

function byteOfChar(): Map<string, number> {
  const printable = (b: number): boolean =>
    (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  const map = new Map<string, number>();
  let next = 256;
  for (let b = 0; b < 256; b++) map.set(String.fromCharCode(printable(b) ? b : next++), b);
  return map;
}

/** GPT-2's printable character for each of the 256 bytes. */
export const BYTE_CHARS: readonly string[] = [...BYTE_OF_CHAR.keys()];

/** The text's UTF-8 bytes in GPT-2's alphabet. */
export function toByteChars(text: string): string {
  return Array.from(new TextEncoder().encode(text), (b) => BYTE_CHARS[b]).join('');
}

/** The bytes that a vocabulary entry stands for: byte-level, or SentencePiece's `▁` and `<0x0A>`. */
export function bytesOfToken(token: string, byteLevel: boolean): Uint8Array {
  if (byteLevel) {
    const bytes = Array.from(token, (c) => BYTE_OF_CHAR.get(c));
    if (bytes.every((b) => b !== undefined)) return Uint8Array.from(bytes as number[]);
  }
  const hex = /^<0x([0-9A-Fa-f]{2})>$/.exec(token);
  if (hex) return Uint8Array.of(Number.parseInt(hex[1] as string, 16));
  return new TextEncoder().encode(byteLevel ? token : token.replaceAll('▁', ' '));
}

/** The bytes as text: whole characters as they are, bytes that belong to no whole character as ⟨e2⟩. */
export function showBytes(bytes: Uint8Array): string {
  const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes[at] as number);
    const part = bytes.subarray(at, at + length);
    const whole = part.length === length ? decodeOr(strict, part) : undefined;
    text += whole ?? `⟨${(bytes[at] as number).toString(16).padStart(2, '0')}⟩`;
    at += whole === undefined ? 1 : length;
  }
  return text;
}

function characterLength(lead: number): number {
  if (lead < 0xc0) return 1;
  if (lead < 0xe0) return 2;
  return lead < 0xf0 ? 3 : 4;
}

function decodeOr(decoder: TextDecoder, bytes: Uint8Array): string | undefined {
  try {
    return decoder.decode(bytes);
  } catch {
    return undefined;
  }
}
