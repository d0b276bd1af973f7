/** A number of bytes for people: `900 B`, `1.5 KiB`, `12 MiB`. */
export function bytesText(bytes: number): string {
  let size = bytes;
  let unit = 'B';
  for (const next of ['KiB', 'MiB', 'GiB']) {
    if (size < 1024) break;
    size /= 1024;
    unit = next;
  }
  return `${size < 10 && unit !== 'B' ? Number(size.toFixed(1)) : Math.round(size)} ${unit}`;
}
