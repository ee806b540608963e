/** Digits beyond which a number is out of every range here; a BigInt of a million digits takes seconds. */
const MAX_EXACT_DIGITS = 40;
/** Zeros may stand around them, but not so many that looking for their end takes long. */
const MAX_SOURCE_LENGTH = 1_000;
const DECIMAL = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/;
const HEXADECIMAL = /^([+-]?)(0[xX][0-9a-fA-F]+)$/;

/**
 * The value of a JSON5 number by its source text, never rounded into another integer: an integer beyond 2^53
 * is a bigint; a fraction that a double would round to an integer is NaN, which no validator takes for one.
 */
export function exactNumber(source: string): number | bigint {
  const hexadecimal = HEXADECIMAL.exec(source);
  const rounded = hexadecimal === null ? Number(source) : signed(source, Number(hexadecimal[2]));
  if (Number.isSafeInteger(rounded) && /^-?\d{1,15}$/.test(source)) return rounded;
  const exact = exactInteger(source, hexadecimal);
  if (exact === undefined) return Number.isInteger(rounded) ? Number.NaN : rounded;
  return Number.isSafeInteger(rounded) ? rounded : exact;
}

function signed(source: string, magnitude: number): number {
  return source.startsWith('-') ? -magnitude : magnitude;
}

/** Undefined where the source is no integer, or longer than anything of use. */
function exactInteger(source: string, hexadecimal: RegExpExecArray | null): bigint | undefined {
  if (source.length > MAX_SOURCE_LENGTH) return undefined;
  const digits = hexadecimal === null ? decimalDigits(source) : hexadecimal[2];
  if (digits === undefined || digits.length > MAX_EXACT_DIGITS) return undefined;
  return source.startsWith('-') ? -BigInt(digits) : BigInt(digits);
}

/** The digits of `1.5e3` are `1500`; undefined where a digit other than 0 is left behind the point. */
function decimalDigits(source: string): string | undefined {
  const [, , before = '', after = '', power = '0'] = DECIMAL.exec(source) ?? [];
  if (before + after === '') return undefined;
  const [whole, fraction] = [before.replace(/^0+/, ''), after.replace(/0+$/, '')];
  if (whole + fraction === '') return '0';
  const point = whole.length + Number(power);
  if (Math.abs(point) > MAX_EXACT_DIGITS) return undefined;
  const digits = (whole + fraction).padEnd(point, '0');
  const behind = digits.slice(Math.max(0, point));
  return /^0*$/.test(behind) ? digits.slice(0, Math.max(0, point)) || '0' : undefined;
}
