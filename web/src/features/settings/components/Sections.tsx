import { ActionIcon, Button, Chip, Group, NumberInput, Select, Switch, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { ScheduleWindow, Settings, SettingsChange, ShareAction, Weekday } from '@/api';
import { FolderField } from '@/components/ui/FolderField';
import { Icon } from '@/components/ui/Icon';
import { notify } from '@/components/ui/notices';
import { RateField } from '@/components/ui/RateField';
import { useI18n } from '@/lib/i18n/I18n';
import { ApiProblem, explain } from '@/lib/problem';
import { saveSettings } from '../api/settings';
import classes from './SettingsPage.module.css';

type Part = 'speed' | 'downloads' | 'queue' | 'sharing' | 'connection';

/** A part of the settings as a form: what was changed here, over what the daemon has. */
function useDraft<Name extends Part>(settings: Settings, name: Name) {
  const [changes, setChanges] = useState<Partial<Settings[Name]>>({});
  const value: Settings[Name] = { ...settings[name], ...changes };
  const set = (change: Partial<Settings[Name]>) => setChanges((before) => ({ ...before, ...change }));
  return { value, set, changes, clear: () => setChanges({}) };
}

function Form({
  change,
  isDirty,
  onSaved,
  children,
}: {
  change: SettingsChange;
  isDirty: boolean;
  onSaved: () => void;
  children: (error: (field: string) => string | undefined) => ReactNode;
}) {
  const { t } = useI18n();
  const client = useQueryClient();
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      client.setQueryData(['settings'], await saveSettings(change));
      onSaved();
      notify({ kind: 'done', title: t('settings.saved') });
    } catch (error) {
      setProblem(error);
      notify({ kind: 'problem', title: t('settings.notSaved'), detail: explain(error, t) });
    } finally {
      setBusy(false);
    }
  };
  // The daemon names fields as `speed.downloadLimit`.
  const errorOf = (field: string) =>
    problem instanceof ApiProblem
      ? Object.entries(problem.fields)
          .find(([name]) => name === field || name.endsWith(`.${field}`))?.[1]
          .join(' ')
      : undefined;
  return (
    <form onSubmit={submit} className={classes.stack}>
      {children(errorOf)}
      <div className={classes.actions}>
        <Button type="submit" loading={isBusy} disabled={!isDirty}>
          {t('common.save')}
        </Button>
      </div>
    </form>
  );
}

const Card = ({ title, children }: { title?: string; children: ReactNode }) => (
  <section className={classes.card} aria-label={title}>
    {title && <h2>{title}</h2>}
    <div className={classes.stack}>{children}</div>
  </section>
);

const isDirty = (changes: object): boolean => Object.keys(changes).length > 0;
/** An empty field is no limit, which the daemon writes as -1. */
const limitOf = (value: string | number): number => (value === '' ? -1 : Number(value));
const numberOf = (value: string | number): number => (value === '' ? 0 : Number(value));

export function SpeedSection({ settings }: { settings: Settings }) {
  const { t, format } = useI18n();
  const { value, set, changes, clear } = useDraft(settings, 'speed');
  const days: Weekday[] = ['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'];
  // 5 January 1970 was a Monday.
  const dayName = (index: number) =>
    new Intl.DateTimeFormat(format.locale, { weekday: 'short', timeZone: 'UTC' }).format(new Date((4 + index) * 86_400_000));
  const setWindow = (index: number, change: Partial<ScheduleWindow>) =>
    set({ schedule: value.schedule.map((window, at) => (at === index ? { ...window, ...change } : window)) });
  return (
    <Form change={{ speed: changes }} isDirty={isDirty(changes)} onSaved={clear}>
      {(error) => (
        <>
          <Card title={t('settings.limits')}>
            <div className={classes.pair}>
              <RateField
                label={t('settings.downloadLimit')}
                value={value.downloadLimit}
                onChange={(downloadLimit) => set({ downloadLimit })}
                error={error('downloadLimit')}
              />
              <RateField
                label={t('settings.uploadLimit')}
                value={value.uploadLimit}
                onChange={(uploadLimit) => set({ uploadLimit })}
                error={error('uploadLimit')}
              />
            </div>
          </Card>
          <Card title={t('settings.alternative')}>
            <Switch
              label={t('settings.useAlternative')}
              checked={value.useAlternative}
              onChange={({ currentTarget }) => set({ useAlternative: currentTarget.checked })}
            />
            <div className={classes.pair}>
              <RateField
                label={t('settings.downloadLimit')}
                value={value.alternativeDownloadLimit}
                onChange={(alternativeDownloadLimit) => set({ alternativeDownloadLimit })}
                error={error('alternativeDownloadLimit')}
              />
              <RateField
                label={t('settings.uploadLimit')}
                value={value.alternativeUploadLimit}
                onChange={(alternativeUploadLimit) => set({ alternativeUploadLimit })}
                error={error('alternativeUploadLimit')}
              />
            </div>
          </Card>
          <Card title={t('settings.schedule')}>
            <Switch
              label={t('settings.scheduleEnabled')}
              checked={value.scheduleEnabled}
              onChange={({ currentTarget }) => set({ scheduleEnabled: currentTarget.checked })}
            />
            {value.schedule.map((window, index) => (
              // biome-ignore lint/suspicious/noArrayIndexKey: a window has nothing else to tell it by.
              <fieldset key={index} className={classes.window}>
                <legend className="visually-hidden">{t('settings.window', { number: index + 1 })}</legend>
                <TextInput
                  type="time"
                  label={t('settings.from')}
                  value={window.from}
                  onChange={({ currentTarget }) => setWindow(index, { from: currentTarget.value })}
                  required
                />
                <TextInput
                  type="time"
                  label={t('settings.to')}
                  value={window.to === '24:00' ? '00:00' : window.to}
                  onChange={({ currentTarget }) => setWindow(index, { to: currentTarget.value })}
                  required
                />
                <Chip.Group multiple value={[...window.days]} onChange={(chosen) => setWindow(index, { days: chosen as Weekday[] })}>
                  <Group gap={4} role="group" aria-label={t('settings.days')}>
                    {days.map((day, at) => (
                      <Chip key={day} value={day} size="xs">
                        {dayName(at)}
                      </Chip>
                    ))}
                  </Group>
                </Chip.Group>
                <ActionIcon
                  aria-label={t('settings.removeWindow', { number: index + 1 })}
                  onClick={() => set({ schedule: value.schedule.filter((_, at) => at !== index) })}
                >
                  <Icon name="trash" size={16} />
                </ActionIcon>
              </fieldset>
            ))}
            {error('schedule') && <p className={classes.bad}>{error('schedule')}</p>}
            <div>
              <Button
                variant="default"
                size="xs"
                onClick={() => set({ schedule: [...value.schedule, { days: [...days], from: '08:00', to: '20:00' }] })}
              >
                {t('settings.addWindow')}
              </Button>
            </div>
          </Card>
        </>
      )}
    </Form>
  );
}

export function DownloadsSection({ settings }: { settings: Settings }) {
  const { t } = useI18n();
  const { value, set, changes, clear } = useDraft(settings, 'downloads');
  return (
    <Form change={{ downloads: changes }} isDirty={isDirty(changes)} onSaved={clear}>
      {(error) => (
        <Card>
          <FolderField
            label={t('settings.savePath')}
            description={t('settings.savePathHint')}
            value={value.savePath}
            onChange={(savePath) => set({ savePath })}
            error={error('savePath')}
          />
          <Switch
            label={t('settings.addPaused')}
            checked={value.addPaused}
            onChange={({ currentTarget }) => set({ addPaused: currentTarget.checked })}
          />
          <Switch
            label={t('settings.preallocate')}
            description={t('settings.preallocateHint')}
            checked={value.preallocate}
            onChange={({ currentTarget }) => set({ preallocate: currentTarget.checked })}
          />
        </Card>
      )}
    </Form>
  );
}

export function QueueSection({ settings }: { settings: Settings }) {
  const { t } = useI18n();
  const { value, set, changes, clear } = useDraft(settings, 'queue');
  return (
    <Form change={{ queue: changes }} isDirty={isDirty(changes)} onSaved={clear}>
      {(error) => (
        <>
          <Card>
            <Switch
              label={t('settings.queueEnabled')}
              description={t('settings.queueHint')}
              checked={value.enabled}
              onChange={({ currentTarget }) => set({ enabled: currentTarget.checked })}
            />
            <div className={classes.pair}>
              <NumberInput
                label={t('settings.maxDownloads')}
                placeholder={t('settings.noLimit')}
                min={0}
                value={value.maxDownloads || ''}
                onChange={(count) => set({ maxDownloads: numberOf(count) })}
                error={error('maxDownloads')}
              />
              <NumberInput
                label={t('settings.maxSeeds')}
                placeholder={t('settings.noLimit')}
                min={0}
                value={value.maxSeeds || ''}
                onChange={(count) => set({ maxSeeds: numberOf(count) })}
                error={error('maxSeeds')}
              />
              <NumberInput
                label={t('settings.maxActive')}
                placeholder={t('settings.noLimit')}
                min={0}
                value={value.maxActive || ''}
                onChange={(count) => set({ maxActive: numberOf(count) })}
                error={error('maxActive')}
              />
            </div>
          </Card>
          <Card title={t('settings.slow')}>
            <Switch
              label={t('settings.ignoreSlow')}
              checked={value.ignoreSlow}
              onChange={({ currentTarget }) => set({ ignoreSlow: currentTarget.checked })}
            />
            <div className={classes.pair}>
              <RateField
                label={t('settings.slowDownload')}
                value={value.slowDownloadRate}
                onChange={(slowDownloadRate) => set({ slowDownloadRate })}
                error={error('slowDownloadRate')}
              />
              <RateField
                label={t('settings.slowUpload')}
                value={value.slowUploadRate}
                onChange={(slowUploadRate) => set({ slowUploadRate })}
                error={error('slowUploadRate')}
              />
              <NumberInput
                label={t('settings.slowSeconds')}
                min={0}
                value={value.slowSeconds}
                onChange={(seconds) => set({ slowSeconds: numberOf(seconds) })}
                error={error('slowSeconds')}
              />
            </div>
          </Card>
        </>
      )}
    </Form>
  );
}

export function SharingSection({ settings }: { settings: Settings }) {
  const { t } = useI18n();
  const { value, set, changes, clear } = useDraft(settings, 'sharing');
  const noLimit = t('settings.noLimit');
  return (
    <Form change={{ sharing: changes }} isDirty={isDirty(changes)} onSaved={clear}>
      {(error) => (
        <Card>
          <p className={classes.note}>{t('settings.sharingHint')}</p>
          <div className={classes.pair}>
            <NumberInput
              label={t('settings.ratio')}
              placeholder={noLimit}
              min={0}
              step={0.1}
              decimalScale={2}
              value={value.ratio < 0 ? '' : value.ratio}
              onChange={(ratio) => set({ ratio: limitOf(ratio) })}
              error={error('ratio')}
            />
            <NumberInput
              label={t('settings.seedingMinutes')}
              placeholder={noLimit}
              min={0}
              value={value.seedingMinutes < 0 ? '' : value.seedingMinutes}
              onChange={(minutes) => set({ seedingMinutes: limitOf(minutes) })}
              error={error('seedingMinutes')}
            />
            <Select
              label={t('settings.shareAction')}
              data={[
                { value: 'pause', label: t('share.pause') },
                { value: 'remove', label: t('share.remove') },
                { value: 'removeWithData', label: t('share.removeWithData') },
              ]}
              value={value.action}
              onChange={(action) => set({ action: (action ?? 'pause') as ShareAction })}
              error={error('action')}
            />
          </div>
        </Card>
      )}
    </Form>
  );
}

export function ConnectionSection({ settings }: { settings: Settings }) {
  const { t } = useI18n();
  const { value, set, changes, clear } = useDraft(settings, 'connection');
  return (
    <Form change={{ connection: changes }} isDirty={isDirty(changes)} onSaved={clear}>
      {(error) => (
        <>
          <Card>
            <div className={classes.pair}>
              <NumberInput
                label={t('settings.listenPort')}
                description={t('settings.nextStart')}
                min={0}
                max={65_535}
                value={value.listenPort}
                onChange={(port) => set({ listenPort: numberOf(port) })}
                error={error('listenPort')}
              />
              <NumberInput
                label={t('settings.maxConnections')}
                description={t('settings.nextStart')}
                min={1}
                max={100_000}
                value={value.maxConnections}
                onChange={(count) => set({ maxConnections: numberOf(count) })}
                error={error('maxConnections')}
              />
              <NumberInput
                label={t('settings.maxPeers')}
                description={t('settings.newTorrents')}
                min={1}
                max={10_000}
                value={value.maxPeersPerTorrent}
                onChange={(count) => set({ maxPeersPerTorrent: numberOf(count) })}
                error={error('maxPeersPerTorrent')}
              />
              <NumberInput
                label={t('settings.uploadSlots')}
                description={t('settings.uploadSlotsHint')}
                min={0}
                max={1000}
                value={value.uploadSlotsPerTorrent}
                onChange={(count) => set({ uploadSlotsPerTorrent: numberOf(count) })}
                error={error('uploadSlotsPerTorrent')}
              />
            </div>
          </Card>
          <Card title={t('settings.discovery')}>
            <p className={classes.note}>{t('settings.nextStart')}</p>
            <Switch label={t('settings.dht')} checked={value.dht} onChange={({ currentTarget }) => set({ dht: currentTarget.checked })} />
            <Switch
              label={t('settings.pex')}
              checked={value.peerExchange}
              onChange={({ currentTarget }) => set({ peerExchange: currentTarget.checked })}
            />
            <Switch
              label={t('settings.lsd')}
              checked={value.localDiscovery}
              onChange={({ currentTarget }) => set({ localDiscovery: currentTarget.checked })}
            />
          </Card>
        </>
      )}
    </Form>
  );
}
