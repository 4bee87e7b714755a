import { Notification } from '@mantine/core';
import { useSyncExternalStore } from 'react';
import { useI18n } from '@/lib/i18n/I18n';
import classes from './notices.module.css';

export interface Notice {
  id: number;
  kind: 'done' | 'problem';
  title: string;
  detail?: string;
  /** One button, such as to undo. */
  action?: { label: string; run: () => void };
}

let notices: readonly Notice[] = [];
let nextId = 1;
const listeners = new Set<() => void>();
const maxShown = 4;

function change(next: readonly Notice[]): void {
  notices = next;
  for (const listener of listeners) listener();
}

const subscribe = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

const dismiss = (id: number) => change(notices.filter((notice) => notice.id !== id));

/** Says what was done or went wrong, to eyes and to screen readers. Problems stay until they are closed. */
export function notify(notice: Omit<Notice, 'id'>): void {
  const id = nextId++;
  change([...notices.slice(1 - maxShown), { ...notice, id }]);
  if (notice.kind === 'done') setTimeout(() => dismiss(id), notice.action ? 10_000 : 5_000);
}

export function Notices() {
  const { t } = useI18n();
  const shown = useSyncExternalStore(subscribe, () => notices);
  return (
    <section className={classes.stack} aria-label={t('notices.label')} aria-live="polite" aria-relevant="additions">
      {shown.map((notice) => (
        <Notification
          key={notice.id}
          className={classes.notice}
          color={notice.kind === 'problem' ? 'red' : 'cyan'}
          title={notice.title}
          withBorder
          onClose={() => dismiss(notice.id)}
          closeButtonProps={{ 'aria-label': t('common.close') }}
          role={notice.kind === 'problem' ? 'alert' : undefined}
        >
          {notice.detail}
          {notice.action && (
            <button
              type="button"
              className={classes.action}
              onClick={() => {
                notice.action?.run();
                dismiss(notice.id);
              }}
            >
              {notice.action.label}
            </button>
          )}
        </Notification>
      ))}
    </section>
  );
}

let spoken = '';
const speechListeners = new Set<() => void>();

/** Tells screen readers what changed, without showing it. */
export function announce(text: string): void {
  // The same words twice are two messages.
  spoken = text === spoken ? `${text}\u00a0` : text;
  for (const listener of speechListeners) listener();
}

export function LiveRegion() {
  const text = useSyncExternalStore(
    (listener) => {
      speechListeners.add(listener);
      return () => speechListeners.delete(listener);
    },
    () => spoken,
  );
  return (
    <div className="visually-hidden" role="status" aria-live="polite">
      {text}
    </div>
  );
}
