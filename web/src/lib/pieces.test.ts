import { describe, expect, it } from 'vitest';
import { decodeBits, decodeBytes, groupPieces, pieceGrid } from './pieces';

const bits = (text: string) => Uint8Array.from(text, Number);

describe('decodeBits', () => {
  it('begins with the highest bit of the first byte', () => {
    expect(decodeBits(btoa('\xa0\x01'), 16).join('')).toBe('1010000000000001');
  });

  it('takes missing bits for 0, and text that is not base 64 for nothing', () => {
    expect(decodeBits(btoa('\xff'), 10).join('')).toBe('1111111100');
    expect(decodeBytes('*')).toHaveLength(0);
  });
});

describe('groupPieces', () => {
  it('tells of each group what matters', () => {
    const pieces = {
      have: bits('11001000'),
      active: bits('00010000'),
      skipped: bits('00000011'),
      availability: Uint8Array.from([9, 9, 3, 2, 9, 1, 0, 0]),
    };
    expect(groupPieces(pieces, 8, 4)).toEqual([
      { have: 1, active: false, skipped: false, availability: 255 },
      { have: 0, active: true, skipped: false, availability: 2 },
      { have: 0.5, active: false, skipped: false, availability: 1 },
      { have: 0, active: false, skipped: true, availability: 0 },
    ]);
  });

  it('covers each piece once when they do not divide evenly', () => {
    const have = new Uint8Array(10).fill(1);
    const none = new Uint8Array(10);
    const groups = groupPieces({ have, active: none, skipped: none, availability: none }, 10, 3);
    expect(groups.every((group) => group.have === 1)).toBe(true);
  });
});

describe('pieceGrid', () => {
  it.each([1, 7, 300, 3000, 1_000_000])('never draws more cells than pieces or lines than allowed (%d pieces)', (count) => {
    const grid = pieceGrid(count, 500);
    expect(grid.cells).toBeLessThanOrEqual(count);
    expect(grid.cells).toBeGreaterThan(0);
    expect(Math.ceil(grid.cells / grid.columns)).toBeLessThanOrEqual(10);
    expect(grid.columns * grid.pitch).toBeLessThanOrEqual(500);
  });
});
