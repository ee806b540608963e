/** An answer of an API is nothing to show, frame, guess at or keep (OWASP REST Security Cheat Sheet). */
export const API_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-store',
} as const;
