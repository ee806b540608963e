/** In digits of one width, as the database compares texts. 2^64 seconds from now are fewer. */
const INSTANT_DIGITS = 24;

/** An instant as the database of small files has it. */
export function instant(milliseconds: bigint): string {
  return milliseconds.toString().padStart(INSTANT_DIGITS, '0');
}
