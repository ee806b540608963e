/**
 * `JSON.parse` whose result must be told a type before it is used.
 *
 * @type {(text: string) => unknown}
 */
export const parseJson = JSON.parse;
