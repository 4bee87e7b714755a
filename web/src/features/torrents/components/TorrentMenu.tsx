import { Menu } from '@mantine/core';
import { Icon, type IconName } from '@/components/ui/Icon';
import { notify } from '@/components/ui/notices';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import { magnetOf, metainfoUrl } from '../api/actions';
import type { TorrentActions } from '../hooks/useTorrentActions';
import type { DialogKind } from './TorrentDialogs';
import type { Chosen } from './TorrentsPage';

interface TorrentMenuProps {
  chosen: Chosen;
  actions: TorrentActions;
  onDialog: (kind: DialogKind) => void;
  onOpen?: (id: string) => void;
}

/** All that can be done to the chosen torrents. */
export function TorrentMenuItems({ chosen, actions, onDialog, onOpen }: TorrentMenuProps) {
  const { t } = useI18n();
  const { target, row } = chosen;
  const copy = async (text: Promise<string>) => {
    try {
      await navigator.clipboard.writeText(await text);
      notify({ kind: 'done', title: t('common.copied') });
    } catch (error) {
      notify({ kind: 'problem', title: t('common.notCopied'), detail: explain(error, t) });
    }
  };
  const item = (icon: IconName, text: string, run: () => void, color?: string) => (
    <Menu.Item leftSection={<Icon name={icon} size={15} />} onClick={run} color={color}>
      {text}
    </Menu.Item>
  );
  return (
    <>
      {row && onOpen && item('info', t('torrent.details'), () => onOpen(row.id))}
      {item('play', t('torrent.resume'), () => actions.resume(target))}
      {item('gauge', t('torrent.force'), () => actions.resume(target, true))}
      {item('pause', t('torrent.pause'), () => actions.pause(target))}
      <Menu.Divider />
      {item('folder', t('torrent.labels'), () => onDialog('labels'))}
      {item('settings', t('torrent.limits'), () => onDialog('limits'))}
      {item('move', t('torrent.move'), () => onDialog('move'))}
      {row && item('rename', t('torrent.rename'), () => onDialog('rename'))}
      {row &&
        item('list', row.isSequential ? t('torrent.anyOrder') : t('torrent.sequential'), () =>
          actions.change(target, { isSequential: !row.isSequential }),
        )}
      <Menu.Sub>
        <Menu.Sub.Target>
          <Menu.Sub.Item leftSection={<Icon name="clock" size={15} />}>{t('torrent.queue')}</Menu.Sub.Item>
        </Menu.Sub.Target>
        <Menu.Sub.Dropdown>
          {(['top', 'up', 'down', 'bottom'] as const).map((to) => (
            <Menu.Item key={to} onClick={() => actions.queue(target, to)}>
              {t(`torrent.queue.${to}`)}
            </Menu.Item>
          ))}
        </Menu.Sub.Dropdown>
      </Menu.Sub>
      <Menu.Divider />
      {item('recheck', t('torrent.recheck'), () => actions.recheck(target))}
      {item('tracker', t('torrent.announce'), () => actions.announce(target))}
      {row && row.state !== 'metadata' && (
        <Menu.Item component="a" href={metainfoUrl(row.id)} download leftSection={<Icon name="file" size={15} />}>
          {t('create.download')}
        </Menu.Item>
      )}
      {row && item('copy', t('torrent.copyMagnet'), () => copy(magnetOf(row.id)))}
      {row && item('copy', t('torrent.copyHash'), () => copy(Promise.resolve(row.id)))}
      <Menu.Divider />
      {item('trash', t('torrent.removeMore'), () => onDialog('remove'), 'red')}
    </>
  );
}
