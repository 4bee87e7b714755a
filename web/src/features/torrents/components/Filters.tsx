import type { StateFilter } from '@/api';
import { Icon, type IconName } from '@/components/ui/Icon';
import { useI18n } from '@/lib/i18n/I18n';
import type { Filter } from '../filter';
import { useListState } from '../hooks/useTorrentList';
import classes from './Filters.module.css';

interface FiltersProps {
  filter: Filter;
  onFilter: (change: Partial<Filter>) => void;
}

const states: { state: StateFilter; icon: IconName; always?: boolean }[] = [
  { state: 'all', icon: 'list', always: true },
  { state: 'downloading', icon: 'down', always: true },
  { state: 'seeding', icon: 'up', always: true },
  { state: 'finished', icon: 'check', always: true },
  { state: 'active', icon: 'gauge', always: true },
  { state: 'paused', icon: 'pause', always: true },
  { state: 'stalled', icon: 'clock' },
  { state: 'queued', icon: 'clock' },
  { state: 'metadata', icon: 'magnet' },
  { state: 'checking', icon: 'recheck' },
  { state: 'moving', icon: 'move' },
  { state: 'error', icon: 'alert', always: true },
];
const maxShown = 100;

/** Narrows the list by state, category, tag and tracker; each with the number of torrents that it has. */
export function Filters({ filter, onFilter }: FiltersProps) {
  const { t, collator } = useI18n();
  const { counts } = useListState();
  const group = (
    title: string,
    icon: IconName,
    key: 'category' | 'tag' | 'tracker',
    none: string,
    entries: Record<string, number> | undefined,
  ) => {
    const names = Object.keys(entries ?? {})
      .filter((name) => name !== '')
      .sort(collator.compare);
    if (names.length === 0) return null;
    return (
      <Group title={title}>
        {names.slice(0, maxShown).map((name) => (
          <Choice
            key={name}
            icon={icon}
            text={name}
            count={entries?.[name] ?? 0}
            chosen={filter[key] === name}
            onChoose={() => onFilter({ [key]: filter[key] === name ? null : name })}
          />
        ))}
        {(entries?.[''] ?? 0) > 0 && (
          <Choice
            icon={icon}
            text={none}
            count={entries?.[''] ?? 0}
            chosen={filter[key] === ''}
            onChoose={() => onFilter({ [key]: filter[key] === '' ? null : '' })}
          />
        )}
      </Group>
    );
  };
  return (
    <>
      <Group title={t('filter.state')}>
        {states.map(({ state, icon, always }) => {
          const count = counts?.states[state] ?? (state === 'all' ? (counts?.total ?? 0) : 0);
          if (!always && count === 0 && filter.state !== state) return null;
          return (
            <Choice
              key={state}
              icon={icon}
              text={t(`filter.${state}`)}
              count={count}
              chosen={filter.state === state}
              onChoose={() => onFilter({ state })}
            />
          );
        })}
      </Group>
      {group(t('filter.categories'), 'folder', 'category', t('filter.noCategory'), counts?.categories)}
      {group(t('filter.tags'), 'tag', 'tag', t('filter.noTag'), counts?.tags)}
      {group(t('filter.trackers'), 'tracker', 'tracker', t('filter.noTracker'), counts?.trackers)}
    </>
  );
}

function Group({ title, children }: { title: string; children: React.ReactNode }) {
  const { t } = useI18n();
  return (
    <section className={classes.group} aria-label={`${t('filter.label')}: ${title}`}>
      <h2 className={classes.title}>{title}</h2>
      {children}
    </section>
  );
}

function Choice({
  icon,
  text,
  count,
  chosen,
  onChoose,
}: {
  icon: IconName;
  text: string;
  count: number;
  chosen: boolean;
  onChoose: () => void;
}) {
  const { format } = useI18n();
  return (
    <button type="button" className={classes.choice} aria-pressed={chosen} onClick={onChoose}>
      <Icon name={icon} size={15} />
      <bdi className={classes.text} title={text}>
        {text}
      </bdi>
      <span className={classes.count}>{format.number(count)}</span>
    </button>
  );
}

/** The filters that hold, each to be taken away; for screens that do not show them all the time. */
export function FilterChips({ filter, onFilter }: FiltersProps) {
  const { t } = useI18n();
  const chips: { text: string; clear: Partial<Filter> }[] = [];
  if (filter.state !== 'all') chips.push({ text: t(`filter.${filter.state}`), clear: { state: 'all' } });
  if (filter.category !== null) chips.push({ text: filter.category || t('filter.noCategory'), clear: { category: null } });
  if (filter.tag !== null) chips.push({ text: filter.tag || t('filter.noTag'), clear: { tag: null } });
  if (filter.tracker !== null) chips.push({ text: filter.tracker || t('filter.noTracker'), clear: { tracker: null } });
  if (chips.length === 0) return null;
  return (
    <div className={classes.chips}>
      {chips.map(({ text, clear }) => (
        <button
          key={text}
          type="button"
          className={classes.chip}
          aria-label={t('filter.remove', { name: text })}
          onClick={() => onFilter(clear)}
        >
          {text}
          <Icon name="close" size={12} />
        </button>
      ))}
    </div>
  );
}
