import { ActionIcon, Button, Checkbox, Group, PasswordInput, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import type { CreatedApiKey, Scope } from '@/api';
import { Empty } from '@/components/ui/Empty';
import { Icon } from '@/components/ui/Icon';
import { notify } from '@/components/ui/notices';
import { getAccount } from '@/features/account/api/account';
import { useI18n } from '@/lib/i18n/I18n';
import { ApiProblem, explain } from '@/lib/problem';
import { createKey, getKeys, revokeKey, setPassword } from '../api/settings';
import classes from './SettingsPage.module.css';

/** The password, and keys for programs. */
export function Access() {
  return (
    <>
      <Password />
      <Keys />
    </>
  );
}

function Password() {
  const { t } = useI18n();
  const client = useQueryClient();
  const account = useQuery({ queryKey: ['account'], queryFn: getAccount, staleTime: Number.POSITIVE_INFINITY }).data;
  const [current, setCurrent] = useState('');
  const [password, setNew] = useState('');
  const [problem, setProblem] = useState<unknown>(null);
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setProblem(null);
    try {
      await setPassword(current || undefined, password);
      setCurrent('');
      setNew('');
      notify({ kind: 'done', title: t('access.passwordSet'), detail: t('access.passwordSetHint') });
      await client.invalidateQueries({ queryKey: ['account'] });
    } catch (error) {
      setProblem(error);
    }
  };
  const fieldError = (name: string) => (problem instanceof ApiProblem ? problem.fields[name]?.join(' ') : undefined);
  const show = { 'aria-label': t('login.show') };
  return (
    <form onSubmit={submit} className={classes.card}>
      <h2>{t('login.password')}</h2>
      <div className={classes.stack}>
        <p className={classes.note}>{account?.hasPassword ? t('access.hasPassword') : t('access.noPassword')}</p>
        <div className={classes.pair}>
          {account?.hasPassword && (
            <PasswordInput
              label={t('access.current')}
              description={t('access.currentHint')}
              autoComplete="current-password"
              value={current}
              onChange={({ currentTarget }) => setCurrent(currentTarget.value)}
              error={fieldError('current')}
              visibilityToggleButtonProps={show}
            />
          )}
          <PasswordInput
            label={t('access.new')}
            description={t('access.newHint')}
            autoComplete="new-password"
            minLength={8}
            maxLength={1000}
            required
            value={password}
            onChange={({ currentTarget }) => setNew(currentTarget.value)}
            error={fieldError('new') ?? (problem !== null && !fieldError('current') ? explain(problem, t) : undefined)}
            visibilityToggleButtonProps={show}
          />
        </div>
        <div className={classes.actions}>
          <Button type="submit">{t('access.set')}</Button>
        </div>
      </div>
    </form>
  );
}

const scopes: Scope[] = ['read', 'write', 'admin', 'metrics'];

function Keys() {
  const { t, format } = useI18n();
  const client = useQueryClient();
  const keys = useQuery({ queryKey: ['keys'], queryFn: getKeys });
  const [name, setName] = useState('');
  const [chosen, setChosen] = useState<string[]>(['read']);
  const [created, setCreated] = useState<CreatedApiKey | null>(null);
  const run = async (call: () => Promise<unknown>) => {
    try {
      await call();
      await client.invalidateQueries({ queryKey: ['keys'] });
    } catch (error) {
      notify({ kind: 'problem', title: t('action.notDone'), detail: explain(error, t) });
    }
  };
  const create = (event: FormEvent) => {
    event.preventDefault();
    void run(async () => {
      setCreated(await createKey({ name, scopes: chosen as Scope[] }));
      setName('');
    });
  };
  return (
    <section className={classes.card} aria-label={t('access.keys')}>
      <h2>{t('access.keys')}</h2>
      <p className={classes.note}>{t('access.keysHint')}</p>
      {!keys.data?.length ? (
        <Empty compact icon="key" title={keys.error ? explain(keys.error, t) : t('access.noKeys')} />
      ) : (
        <ul className={classes.rows}>
          {keys.data.map((key) => (
            <li key={key.id}>
              <span>
                <bdi>{key.name}</bdi>
                <br />
                <span className={classes.dim}>
                  {key.scopes.map((scope) => t(`scope.${scope}`)).join(', ')} ·{' '}
                  {key.lastUsedAt ? t('access.lastUsed', { date: format.date(new Date(key.lastUsedAt)) }) : t('access.neverUsed')}
                </span>
              </span>
              <Button
                size="compact-sm"
                variant="light"
                color="red"
                onClick={() => run(() => revokeKey(key.id))}
                aria-label={t('access.revokeName', { name: key.name })}
              >
                {t('access.revoke')}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {created && (
        <div className={classes.stack} role="status">
          <p className={classes.note}>{t('access.secretOnce')}</p>
          <Group wrap="nowrap">
            <code className={classes.secret}>{created.secret}</code>
            <ActionIcon
              aria-label={t('common.copy')}
              onClick={async () => {
                await navigator.clipboard.writeText(created.secret);
                notify({ kind: 'done', title: t('common.copied') });
              }}
            >
              <Icon name="copy" size={16} />
            </ActionIcon>
          </Group>
        </div>
      )}
      <form onSubmit={create} className={classes.stack}>
        <TextInput
          label={t('access.keyName')}
          maxLength={100}
          value={name}
          onChange={({ currentTarget }) => setName(currentTarget.value)}
          required
        />
        <Checkbox.Group label={t('access.scopes')} value={chosen} onChange={setChosen}>
          <Group gap="md" mt={6}>
            {scopes.map((scope) => (
              <Checkbox key={scope} value={scope} label={t(`scope.${scope}`)} />
            ))}
          </Group>
        </Checkbox.Group>
        <div className={classes.actions}>
          <Button type="submit" variant="default" disabled={chosen.length === 0}>
            {t('access.create')}
          </Button>
        </div>
      </form>
    </section>
  );
}
