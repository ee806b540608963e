const CONTINUATION = { mask: 0xc0, value: 0x80 };
const LONGEST_CHARACTER_BYTES = 4;

/** How many bytes at the end of `bytes` begin a character of UTF-8 that goes on elsewhere: 0 … 3. */
export function begunCharacterBytes(bytes: Uint8Array): number {
  const most = Math.min(LONGEST_CHARACTER_BYTES - 1, bytes.length);
  for (let back = 1; back <= most; back += 1) {
    const byte = bytes[bytes.length - back] ?? 0;
    if ((byte & CONTINUATION.mask) === CONTINUATION.value) continue;
    return lengthAfter(byte) > back ? back : 0;
  }
  return 0;
}

/** Of the character that a first byte begins; 1 for what begins none. */
function lengthAfter(first: number): number {
  if (first >= 0xf0 && first <= 0xf4) return 4;
  if (first >= 0xe0 && first < 0xf0) return 3;
  return first >= 0xc2 && first < 0xe0 ? 2 : 1;
}

/** The same bytes in other pieces: each ends with a whole character where the next bytes make it so. Of no more memory than one piece. */
export async function* inWholeCharacters(pieces: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let rest = Buffer.alloc(0);
  for await (const piece of pieces) {
    const bytes = rest.length === 0 ? piece : Buffer.concat([rest, piece]);
    const end = bytes.length - begunCharacterBytes(bytes);
    rest = Buffer.from(bytes.subarray(end));
    if (end > 0) yield bytes.subarray(0, end);
  }
  if (rest.length > 0) yield rest;
}
