/** Picks what can be added out of a text: magnet links, URLs, and info-hashes (40 hexadecimal or 32 base 32 digits), each once. */
export function sourcesIn(text: string): string[] {
  const found = text
    .split(/[\s"'<>]+/)
    .filter((word) => /^magnet:\?/i.test(word) || /^https?:\/\/\S+$/i.test(word) || /^(?:[0-9a-f]{40}|[a-z2-7]{32})$/i.test(word));
  return [...new Set(found)];
}

/** How a source is called while its name is not known. */
export function sourceLabel(source: string): string {
  if (!/^magnet:\?/i.test(source)) return source;
  const name = new URLSearchParams(source.slice(source.indexOf('?') + 1)).get('dn');
  return name || source;
}
