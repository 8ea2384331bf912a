/** `Application/JSON; charset=utf-8` and `application/json` are the same type (RFC 9110). */
export function mediaType(contentType: string): string {
  const parameters = contentType.indexOf(';');
  return (parameters < 0 ? contentType : contentType.slice(0, parameters)).trim().toLowerCase();
}
