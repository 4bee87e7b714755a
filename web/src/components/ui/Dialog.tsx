import { Modal, type ModalRootProps } from '@mantine/core';
import { type ReactNode, useRef } from 'react';
import { useI18n } from '@/lib/i18n/I18n';
import classes from './Dialog.module.css';

interface DialogProps {
  opened: boolean;
  onClose: () => void;
  title: string;
  size?: ModalRootProps['size'];
  children: ReactNode;
}

/**
 * A question or form over the page. Mantine's own header would be a second banner of the page to screen readers; locking the page's
 * scrolling would make a style element, which the content security policy forbids (the page itself never scrolls).
 */
export function Dialog({ opened, onClose, title, size, children }: DialogProps) {
  const { t } = useI18n();
  // While it fades away it shows what it showed.
  const shown = useRef({ title, children });
  if (opened) shown.current = { title, children };
  return (
    <Modal.Root opened={opened} onClose={onClose} size={size ?? 'md'} centered lockScroll={false} transitionProps={{ duration: 120 }}>
      <Modal.Overlay backgroundOpacity={0.45} />
      <Modal.Content radius="lg">
        <div className={classes.header}>
          <Modal.Title className={classes.title}>{shown.current.title}</Modal.Title>
          <Modal.CloseButton aria-label={t('common.close')} />
        </div>
        <Modal.Body>{shown.current.children}</Modal.Body>
      </Modal.Content>
    </Modal.Root>
  );
}
