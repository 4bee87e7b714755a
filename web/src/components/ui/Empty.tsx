import type { ReactNode } from 'react';
import classes from './Empty.module.css';
import { Icon, type IconName } from './Icon';

/** What stands where there is nothing: what would be here, and how to get it. */
export function Empty({ icon, title, children, compact }: { icon: IconName; title: string; children?: ReactNode; compact?: boolean }) {
  return (
    <div className={compact ? `${classes.root} ${classes.compact}` : classes.root}>
      <span className={classes.mark}>
        <Icon name={icon} size={compact ? 20 : 28} />
      </span>
      <p className={classes.title}>{title}</p>
      {children && <div className={classes.text}>{children}</div>}
    </div>
  );
}
