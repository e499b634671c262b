// Cuts texts. What is cut must be what the API server stores: it replaces half a character, so that the text would be written again and
// again.

/**
 * The text, or its beginning and a mark if it is longer: at most `longest` UTF-16 code units, without half a character at the end. A
 * surrogate that stands alone becomes U+FFFD, as the API server stores it.
 * @param longest at least the length of the mark
 */
export function cut(text: string, longest: number, mark = '…'): string {
  if (text.length <= longest) return text.toWellFormed();
  const end = longest - mark.length;
  const splitsCharacter = (text.codePointAt(end - 1) ?? 0) > 0xffff;
  return `${text.slice(0, splitsCharacter ? end - 1 : end).toWellFormed()}${mark}`;
}
