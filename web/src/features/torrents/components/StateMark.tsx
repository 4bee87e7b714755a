import type { TorrentRow, TorrentState } from '@/api';
import { Icon, type IconName } from '@/components/ui/Icon';
import type { ProgressTone } from '@/components/ui/ProgressBar';
import classes from './StateMark.module.css';

const icons: Record<TorrentState, IconName> = {
  metadata: 'magnet',
  checking: 'recheck',
  queued: 'clock',
  downloading: 'down',
  seeding: 'up',
  paused: 'pause',
  moving: 'move',
  error: 'alert',
};

const tones: Record<TorrentState, ProgressTone> = {
  metadata: 'violet',
  checking: 'violet',
  queued: 'dim',
  downloading: 'accent',
  seeding: 'good',
  paused: 'dim',
  moving: 'violet',
  error: 'bad',
};

export const stateTone = (row: TorrentRow): ProgressTone => (row.isFinished && row.state === 'paused' ? 'good' : tones[row.state]);

/** A small sign for what a torrent does; the state's name stands in a column of its own. */
export function StateMark({ state, isFinished, isMoving }: { state: TorrentState; isFinished: boolean; isMoving: boolean }) {
  const tone = isFinished && state === 'paused' ? 'good' : tones[state];
  return (
    <span className={`${classes.mark} ${classes[tone]} ${isMoving ? classes.live : ''}`}>
      <Icon name={state === 'paused' && isFinished ? 'check' : icons[state]} size={14} />
    </span>
  );
}
