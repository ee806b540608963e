/** Preferences are separated by commas, but for those within quotes. */
const PREFERENCE = /(?:[^,"]|"(?:[^"\\]|\\.)*")+/g;
const WAIT = /^\s*wait\s*=\s*(?:"(\d+)"|(\d+))\s*(?:;|$)/i;

/**
 * The seconds for which a caller would wait, as he says in a header `Prefer: wait=10` (RFC 7240, 4.3). The first counts;
 * undefined where he says nothing that can be understood: a preference is no demand, and so never wrong.
 */
export function waitPreferredIn(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  for (const [preference] of header.matchAll(PREFERENCE)) {
    const [, quoted, bare] = WAIT.exec(preference) ?? [];
    const seconds = quoted ?? bare;
    if (seconds !== undefined) return Number(seconds);
  }
  return undefined;
}
