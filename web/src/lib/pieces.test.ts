import { describe, expect, it } from 'vitest';
import { countSkipped, decodeBits, decodeBytes, groupPieces, pieceGrid, stateOf } from './pieces';

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
      { have: 0, active: false, skipped: true, availability: 255 },
    ]);
  });

  it('looks past the pieces that nobody wants', () => {
    const pieces = {
      have: bits('100000'),
      active: bits('000000'),
      skipped: bits('110101'),
      availability: Uint8Array.from([0, 0, 3, 0, 0, 9]),
    };
    const groups = groupPieces(pieces, 6, 3);
    expect(groups).toEqual([
      { have: 0.5, active: false, skipped: true, availability: 255 },
      { have: 0, active: false, skipped: false, availability: 3 },
      { have: 0, active: false, skipped: false, availability: 0 },
    ]);
    expect(groups.map(stateOf)).toEqual(['skipped', 'missing', 'nowhere']);
  });

  it('covers each piece once when they do not divide evenly', () => {
    const have = new Uint8Array(10).fill(1);
    const none = new Uint8Array(10);
    const groups = groupPieces({ have, active: none, skipped: none, availability: none }, 10, 3);
    expect(groups.every((group) => group.have === 1)).toBe(true);
  });
});

describe('stateOf', () => {
  const group = { have: 0, active: false, skipped: false, availability: 0 };

  it('tells what is not wanted from what no peer has', () => {
    expect(stateOf(group)).toBe('nowhere');
    expect(stateOf({ ...group, availability: 1 })).toBe('missing');
    expect(stateOf({ ...group, skipped: true, availability: 255 })).toBe('skipped');
  });

  it('shows what is here, or comes, before all else', () => {
    expect(stateOf({ have: 1, active: false, skipped: false, availability: 255 })).toBe('have');
    expect(stateOf({ have: 0.5, active: true, skipped: true, availability: 255 })).toBe('coming');
  });
});

describe('countSkipped', () => {
  it('counts what is not wanted and not here', () => {
    expect(countSkipped({ have: btoa('\x80'), skipped: btoa('\xe0'), count: 4 })).toBe(2);
    expect(countSkipped({ have: '', skipped: '', count: 4 })).toBe(0);
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
