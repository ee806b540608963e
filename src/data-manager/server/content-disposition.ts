/** `Content-Disposition` for a download named by a stranger (RFC 6266, with RFC 8187 for all of Unicode). */
export function attachment(name: string): string {
  const fallback = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%/]/g, '_');
  const plain = `attachment; filename="${fallback}"`;
  return fallback === name ? plain : `${plain}; filename*=UTF-8''${extendedValue(name)}`;
}

function extendedValue(name: string): string {
  // encodeURIComponent leaves these alone; RFC 8187 does not allow them unescaped.
  return encodeURIComponent(name).replace(
    /['()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
