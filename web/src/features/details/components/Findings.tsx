import type { Finding } from '@/api';
import { Icon, type IconName } from '@/components/ui/Icon';
import { useI18n } from '@/lib/i18n/I18n';
import classes from './Findings.module.css';

const icons: Record<Finding['level'], IconName> = { good: 'check', note: 'info', problem: 'alert' };

/** Why a torrent is not faster, the most important first, and what can be done. */
export function Findings({ findings }: { findings: readonly Finding[] }) {
  const { t } = useI18n();
  if (findings.length === 0) return null;
  return (
    <ul className={classes.list} aria-label={t('log.findings')}>
      {findings.map((finding) => (
        <li key={finding.code} className={`${classes.finding} ${classes[finding.level]}`}>
          <Icon name={icons[finding.level]} size={16} />
          {/* The daemon's own words. */}
          <span lang="en">
            {finding.message}
            {finding.advice && <span className={classes.advice}> {finding.advice}</span>}
          </span>
        </li>
      ))}
    </ul>
  );
}
