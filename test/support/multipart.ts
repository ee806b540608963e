/** A multipart body as written, each part with its own headers. */
export function multipart(...parts: string[]): { body: string; headers: Record<string, string> } {
  const body = parts.map((part) => `--B\r\n${part}\r\n`).join('') + '--B--\r\n';
  return { body, headers: { 'content-type': 'multipart/form-data; boundary=B' } };
}

export function filePart(content: string, filename = 'a.txt'): string {
  return `Content-Disposition: form-data; name="file"; filename="${filename}"\r\n\r\n${content}`;
}

export function metadataPart(json: string): string {
  return `Content-Disposition: form-data; name="metadata"\r\n\r\n${json}`;
}
