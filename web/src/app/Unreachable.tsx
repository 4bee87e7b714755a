import { Button } from '@mantine/core';
import { useEffect } from 'react';
import { Empty } from '@/components/ui/Empty';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';

/** The daemon does not answer at all; it is asked again until it does. */
export function Unreachable({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  const { t } = useI18n();
  useEffect(() => {
    const timer = setInterval(onRetry, 4000);
    return () => clearInterval(timer);
  }, [onRetry]);
  return (
    <main>
      <Empty icon="alert" title={t('connection.lost')}>
        {explain(error, t)}
        <br />
        <Button variant="default" onClick={onRetry}>
          {t('connection.retry')}
        </Button>
      </Empty>
    </main>
  );
}
