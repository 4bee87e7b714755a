import classes from './ProgressBar.module.css';

export type ProgressTone = 'accent' | 'good' | 'warn' | 'bad' | 'dim' | 'violet';

interface ProgressBarProps {
  /** 0 to 1. */
  part: number;
  text: string;
  tone?: ProgressTone;
  label?: string;
}

/** A bar with its number beside it; for screen readers one number. */
export function ProgressBar({ part, text, tone = 'accent', label }: ProgressBarProps) {
  return (
    <span className={classes.root}>
      <span
        className={classes.track}
        role="progressbar"
        aria-label={label ?? text}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={Math.floor(part * 100)}
      >
        <span className={`${classes.bar} ${classes[tone]}`} style={{ transform: `scaleX(${Math.min(1, Math.max(0, part))})` }} />
      </span>
      <span className={classes.text}>{text}</span>
    </span>
  );
}
