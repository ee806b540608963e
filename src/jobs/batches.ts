/**
 * Asks for `most` at a time until there are fewer, or `stopping` has aborted.
 * @param remove says how many it removed
 */
export async function inBatches(
  most: number,
  stopping: AbortSignal,
  remove: () => Promise<number>,
): Promise<void> {
  let removed = most;
  while (removed === most && !stopping.aborted) removed = await remove();
}
