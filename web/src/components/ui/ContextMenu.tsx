import { Menu } from '@mantine/core';
import type { ReactNode } from 'react';

/** A menu at a point of the page. */
export function ContextMenu({
  at,
  onClose,
  label,
  children,
}: {
  at: { x: number; y: number } | null;
  onClose: () => void;
  label: string;
  children: ReactNode;
}) {
  return (
    <Menu
      opened={at !== null}
      onChange={(opened) => !opened && onClose()}
      position="bottom-start"
      offset={2}
      // Where there is room neither below nor above, it moves over the point.
      middlewares={{ flip: true, shift: { crossAxis: true, padding: 6 } }}
      withinPortal
      returnFocus
      trapFocus
    >
      <Menu.Target>
        <span
          aria-hidden="true"
          style={{ position: 'fixed', left: at?.x ?? 0, top: at?.y ?? 0, width: 1, height: 1, pointerEvents: 'none' }}
        />
      </Menu.Target>
      <Menu.Dropdown
        aria-label={label}
        mah="calc(100vh - 12px)"
        style={{ overflowY: 'auto' }}
        onContextMenu={(event) => event.preventDefault()}
      >
        {children}
      </Menu.Dropdown>
    </Menu>
  );
}
