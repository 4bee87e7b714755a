import { describe, expect, it } from 'vitest';
import { Formatter } from './format';

const plain = (text: string) => text.replaceAll(/[\u00a0\u202f]/g, ' ');
const en = new Formatter('en', 'UTC');
const de = new Formatter('de', 'UTC');

describe('Formatter', () => {
  it.each([
    [0, '0 B'],
    [1023, '1,023 B'],
    [1024, '1.00 KiB'],
    [10_239, '10.0 KiB'],
    [102_348, '99.9 KiB'],
    [102_400, '100 KiB'],
    [1_048_063, '1,023 KiB'],
    [1_048_064, '1.00 MiB'],
    [1.5 * 1024 ** 3, '1.50 GiB'],
    [9e18, '7,994 PiB'],
  ])('writes %d bytes as %s', (value, text) => expect(plain(en.bytes(value))).toBe(text));

  it('writes sizes and numbers as the language does', () => {
    expect(plain(de.bytes(1.5 * 1024 ** 3))).toBe('1,50 GiB');
    expect(plain(de.rate(2048))).toBe('2,00 KiB/s');
    expect(de.number(1_234_567)).toBe('1.234.567');
  });

  it('never rounds up to 100 %', () => {
    expect(en.percent(0.99999)).toBe('99.9%');
    expect(en.percent(1)).toBe('100%');
    expect(en.percent(0)).toBe('0.0%');
    expect(en.percent(-1)).toBe('0.0%');
    expect(plain(de.percent(0.5))).toBe('50,0 %');
  });

  it('writes the two largest units of a time span', () => {
    expect(en.duration(0)).toBe('0s');
    expect(en.duration(59.6)).toBe('1m');
    expect(en.duration(3725)).toBe('1h 2m');
    expect(en.duration(86_400 * 3 + 65)).toBe('3d');
  });

  it('tells how far a moment is', () => {
    const now = new Date('2026-01-01T12:00:00Z');
    expect(en.fromNow(new Date('2026-01-01T12:05:00Z'), now)).toBe('in 5 minutes');
    expect(de.fromNow(new Date('2026-01-01T11:59:50Z'), now)).toBe('vor 10 Sekunden');
    expect(en.fromNow(new Date('2025-12-31T12:00:00Z'), now)).toBe('yesterday');
  });
});
