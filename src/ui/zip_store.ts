const CRC = Uint32Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c;
});

/** CRC-32 of ISO 3309, as zip uses it. */
export function crc32(bytes: Uint8Array): number {
  let c = 0xffffffff;
  for (const b of bytes) c = (CRC[(c ^ b) & 255] as number) ^ (c >>> 8);
  return (c ^ 0xffffffff) >>> 0;
}

interface Entry {
  readonly name: Uint8Array;
  readonly bytes: Uint8Array;
  readonly crc: number;
  readonly at: number;
}

/** Files as one zip without compression (weights do not compress), so that a folder is one download. Below 4 GiB. */
export function zipStore(files: Readonly<Record<string, Uint8Array>>): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const entries: Entry[] = [];
  let at = 0;
  const put = (...chunks: Uint8Array[]) => {
    for (const c of chunks) {
      parts.push(c);
      at += c.length;
    }
  };
  for (const [path, bytes] of Object.entries(files)) {
    const e = { name: new TextEncoder().encode(path), bytes, crc: crc32(bytes), at };
    entries.push(e);
    put(record(0x04034b50, [], e, []), e.name, bytes);
  }
  const start = at;
  for (const e of entries)
    put(record(0x02014b50, [20], e, [0, 0, 0, 0, 0, e.at & 0xffff, e.at >>> 16]), e.name);
  const size = at - start;
  const n = entries.length;
  put(words([0x4b50, 0x0605, 0, 0, n, n, size & 0xffff, size >>> 16, start & 0xffff, start >>> 16, 0]));
  const out = new Uint8Array(at);
  let o = 0;
  for (const p of parts) {
    out.set(p, o);
    o += p.length;
  }
  return out;
}

/** The header that local and central records share: version, UTF-8 flag, stored, 1 January 1980, crc, sizes, name. */
function record(magic: number, before: number[], e: Entry, after: number[]): Uint8Array {
  const size = e.bytes.length;
  const shared = [
    20,
    0x0800,
    0,
    0,
    0x21,
    e.crc & 0xffff,
    e.crc >>> 16,
    size & 0xffff,
    size >>> 16,
    size & 0xffff,
  ];
  return words([magic & 0xffff, magic >>> 16, ...before, ...shared, size >>> 16, e.name.length, 0, ...after]);
}

/** 16-bit little-endian words. */
function words(list: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(2 * list.length));
  for (const [i, w] of list.entries()) view.setUint16(2 * i, w & 0xffff, true);
  return new Uint8Array(view.buffer);
}
