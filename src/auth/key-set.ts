import { createRemoteJWKSet, customFetch, type FetchImplementation, type JWTVerifyGetKey } from 'jose';

/** It is fetched again at the latest then, and when a token names a key that is not in it, but no more often. */
const MAX_AGE_MS = 600_000;
const COOLDOWN_MS = 10_000;
const TIMEOUT_MS = 5_000;
/** After a failure nobody is asked for so long: any made-up token would do for a request. */
const AFTER_FAILURE_MS = 2_000;
const MAX_BYTES = 1_048_576;

/** The keys at a URL, fetched as they are needed. @throws TypeError where there is none */
export function keySetAt(url: string | undefined): JWTVerifyGetKey {
  if (url === undefined) throw new TypeError('neither a secret nor a key set');
  return createRemoteJWKSet(new URL(url), {
    cacheMaxAge: MAX_AGE_MS,
    cooldownDuration: COOLDOWN_MS,
    timeoutDuration: TIMEOUT_MS,
    [customFetch]: withPauses(fetchBounded),
  });
}

/** Repeats a failure for a while, in the place of the request. */
function withPauses(ask: FetchImplementation): FetchImplementation {
  let failure: { readonly error: unknown; readonly until: number } | null = null;
  return async (...request) => {
    if (failure !== null && performance.now() < failure.until) throw failure.error;
    try {
      const answer = await ask(...request);
      failure = null;
      return answer;
    } catch (error) {
      failure = { error, until: performance.now() + AFTER_FAILURE_MS };
      throw error;
    }
  };
}

const fetchBounded: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`the key set can't be had: its server answered ${response.status}`);
  }
  return new Response(await textOf(response), { status: response.status, headers: response.headers });
};

async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let size = 0;
  for await (const chunk of (body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    // Leaving the loop cancels the rest.
    if (size > MAX_BYTES) throw new Error('the key set is far larger than it should be');
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
