/** Bytes from base 64; none where the text is not base 64. */
export function decodeBytes(base64: string): Uint8Array {
  try {
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let index = 0; index < text.length; index++) bytes[index] = text.charCodeAt(index);
    return bytes;
  } catch {
    return new Uint8Array();
  }
}

/** One byte, 0 or 1, for each bit; the first is the highest bit of the first byte, as on the wire. Missing bits are 0. */
export function decodeBits(base64: string, count: number): Uint8Array {
  const bytes = decodeBytes(base64);
  const bits = new Uint8Array(count);
  for (let index = 0; index < count; index++) bits[index] = ((bytes[index >> 3] ?? 0) >> (7 - (index & 7))) & 1;
  return bits;
}

export interface Pieces {
  have: Uint8Array;
  active: Uint8Array;
  skipped: Uint8Array;
  availability: Uint8Array;
}

export interface PieceGroup {
  /** Part of its pieces that is there, 0 to 1. */
  have: number;
  /** One of them is being downloaded. */
  active: boolean;
  /** None of the missing ones is wanted. */
  skipped: boolean;
  /** Peers that have its rarest missing piece that is wanted, 255 where none is. */
  availability: number;
}

/** What a cell of the map shows: what is here, what comes, what nobody wants, what peers have, what none of them has. */
export type PieceState = 'have' | 'coming' | 'skipped' | 'missing' | 'nowhere';

export function stateOf(group: PieceGroup): PieceState {
  if (group.have === 1) return 'have';
  if (group.active) return 'coming';
  if (group.skipped) return 'skipped';
  return group.availability > 0 ? 'missing' : 'nowhere';
}

/** Pieces that are neither here nor wanted. */
export function countSkipped(pieces: { have: string; skipped: string; count: number }): number {
  const have = decodeBits(pieces.have, pieces.count);
  return decodeBits(pieces.skipped, pieces.count).reduce((sum, bit, piece) => sum + (have[piece] ? 0 : bit), 0);
}

/** How the cells of a map are laid out: at most this many lines; a cell stands for several pieces where there are more pieces than cells. */
export function pieceGrid(
  count: number,
  width: number,
  maxLines = 10,
): { cells: number; columns: number; pitch: number; gap: number; height: number } {
  if (count === 0 || width < 10) return { cells: 0, columns: 1, pitch: 1, gap: 0, height: 0 };
  // Few pieces make large cells, many make small ones.
  for (const pitch of [16, 12, 9]) {
    const columns = Math.floor(width / pitch);
    const lines = Math.ceil(count / columns);
    if (lines <= maxLines) return { cells: count, columns, pitch, gap: pitch > 9 ? 2 : 1, height: lines * pitch };
  }
  const columns = Math.floor(width / 9);
  return { cells: columns * maxLines, columns, pitch: 9, gap: 1, height: maxLines * 9 };
}

/** Puts neighbouring pieces together into this many groups. */
export function groupPieces(pieces: Pieces, count: number, groups: number): PieceGroup[] {
  return Array.from({ length: groups }, (_, group) => {
    const from = Math.floor((group * count) / groups);
    const to = Math.max(from + 1, Math.floor(((group + 1) * count) / groups));
    let have = 0;
    let active = false;
    let skipped = true;
    let availability = 255;
    for (let piece = from; piece < to; piece++) {
      if (pieces.have[piece]) {
        have++;
        continue;
      }
      active ||= pieces.active[piece] === 1;
      if (pieces.skipped[piece]) continue;
      skipped = false;
      availability = Math.min(availability, pieces.availability[piece] ?? 0);
    }
    const size = to - from;
    return { have: have / size, active, skipped: skipped && have < size, availability };
  });
}
