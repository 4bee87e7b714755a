import { useElementSize } from '@mantine/hooks';
import { useEffect, useMemo, useRef } from 'react';
import { decodeBits, decodeBytes, groupPieces, pieceGrid, stateOf } from '@/lib/pieces';
import { useColors } from './useColors';

interface PieceMapProps {
  count: number;
  /** Bit fields and a byte for each piece, in base 64. */
  have: string;
  active: string;
  skipped: string;
  availability: string;
  /** What screen readers say of it. */
  label: string;
}

/** The pieces as cells: what is there, what comes, what is not wanted; missing ones are the stronger the more peers have them. */
export function PieceMap({ count, have, active, skipped, availability, label }: PieceMapProps) {
  const { ref, width } = useElementSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const colors = useColors();
  const pieces = useMemo(
    () => ({
      have: decodeBits(have, count),
      active: decodeBits(active, count),
      skipped: decodeBits(skipped, count),
      availability: decodeBytes(availability),
    }),
    [count, have, active, skipped, availability],
  );
  const grid = pieceGrid(count, Math.floor(width));

  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    if (!context || !canvas.current || grid.cells === 0) return;
    const scale = window.devicePixelRatio || 1;
    canvas.current.width = Math.floor(width) * scale;
    canvas.current.height = grid.height * scale;
    context.scale(scale, scale);
    const size = grid.pitch - grid.gap;
    for (const [cell, group] of groupPieces(pieces, count, grid.cells).entries()) {
      const x = (cell % grid.columns) * grid.pitch;
      const y = Math.floor(cell / grid.columns) * grid.pitch;
      const fill = (color: string, part = 1) => {
        context.fillStyle = color;
        context.fillRect(x, y, size * part, size);
      };
      const state = stateOf(group);
      if (state === 'have') fill(colors.good);
      else if (state === 'coming') fill(colors.warn);
      else {
        if (state === 'skipped') {
          // A frame with nothing in it.
          context.strokeStyle = colors.dim;
          context.globalAlpha = 0.5;
          context.strokeRect(x + 0.5, y + 0.5, size - 1, size - 1);
        } else fill(colors.track);
        // A tint for the peers that have it, and over it the part that is there.
        context.globalAlpha = Math.min(0.75, 0.15 + 0.1 * group.availability);
        if (state === 'missing') fill(colors.accent);
        context.globalAlpha = 1;
        fill(colors.good, group.have);
      }
    }
  }, [pieces, count, width, grid.cells, grid.columns, grid.pitch, grid.gap, grid.height, colors]);

  return (
    <div ref={ref}>
      <canvas ref={canvas} role="img" aria-label={label} style={{ display: 'block', width: '100%', height: grid.height }} />
    </div>
  );
}

/** How many peers have each part of the torrent, as a line of bars from the first piece to the last. */
export function AvailabilityBar({ availability, label }: { availability: string; label: string }) {
  const { ref, width } = useElementSize();
  const canvas = useRef<HTMLCanvasElement>(null);
  const colors = useColors();
  const height = 28;
  useEffect(() => {
    const context = canvas.current?.getContext('2d');
    const counts = decodeBytes(availability);
    if (!context || !canvas.current || counts.length === 0 || width < 1) return;
    const scale = window.devicePixelRatio || 1;
    const columns = Math.floor(width);
    canvas.current.width = columns * scale;
    canvas.current.height = height * scale;
    context.scale(scale, scale);
    const most = Math.max(
      1,
      counts.reduce((largest, value) => Math.max(largest, value), 0),
    );
    for (let x = 0; x < columns; x++) {
      const from = Math.floor((x * counts.length) / columns);
      const to = Math.max(from + 1, Math.floor(((x + 1) * counts.length) / columns));
      let least = 255;
      for (let piece = from; piece < to; piece++) least = Math.min(least, counts[piece] ?? 0);
      context.fillStyle = least === 0 ? colors.bad : colors.accent;
      const bar = least === 0 ? 3 : Math.max(3, (least / most) * height);
      context.fillRect(x, height - bar, 1, bar);
    }
  }, [availability, width, colors]);
  return (
    <div ref={ref}>
      <canvas ref={canvas} role="img" aria-label={label} style={{ display: 'block', width: '100%', height }} />
    </div>
  );
}
