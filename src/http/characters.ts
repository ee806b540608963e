/** Whether a text has at most so many characters, of which UTF-16 has one or two units each. */
export function isAtMost(characters: number, text: string): boolean {
  return text.length <= 2 * characters && Array.from(text).length <= characters;
}
