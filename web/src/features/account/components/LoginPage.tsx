import { Alert, Button, Loader, PasswordInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { go } from '@/app/route';
import { useI18n } from '@/lib/i18n/I18n';
import { explain } from '@/lib/problem';
import { loginByPassword, loginByToken } from '../api/account';
import classes from './LoginPage.module.css';

/** The way in: by the one-time link that the daemon printed, or by password. */
export function LoginPage({ token: given, hasPassword }: { token: string | null; hasPassword: boolean }) {
  // It leaves the address when it is used; a link that is opened in this page later brings another.
  const [token, setToken] = useState(given);
  if (given !== null && given !== token) setToken(given);
  const { t } = useI18n();
  const client = useQueryClient();
  const [password, setPassword] = useState('');
  const [isBusy, setBusy] = useState(token !== null);
  const [problem, setProblem] = useState<string | null>(null);

  const enter = async (login: () => Promise<unknown>) => {
    setBusy(true);
    setProblem(null);
    try {
      await login();
      go({ page: 'torrents', torrent: null, tab: 'overview' }, true);
      await client.resetQueries();
    } catch (error) {
      setProblem(explain(error, t));
    } finally {
      setBusy(false);
    }
  };
  // A one-time token is used once, also when React runs effects twice.
  const used = useRef<string | null>(null);
  const latestEnter = useRef(enter);
  latestEnter.current = enter;
  useEffect(() => {
    if (token === null || used.current === token) return;
    used.current = token;
    // It leaves the address at once, and with it the history.
    history.replaceState(null, '', '#/login');
    void latestEnter.current(() => loginByToken(token));
  }, [token]);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    void enter(() => loginByPassword(password));
  };
  return (
    <main className={classes.page}>
      <form className={classes.box} onSubmit={submit}>
        <img src="./icon.svg" alt="" width="44" height="44" />
        <h1 className={classes.title}>{t('login.title')}</h1>
        {problem && (
          <Alert color="red" role="alert" w="100%">
            {problem}
          </Alert>
        )}
        {isBusy && token !== null ? (
          <Loader size="sm" />
        ) : hasPassword ? (
          <>
            <PasswordInput
              w="100%"
              size="md"
              label={t('login.password')}
              autoComplete="current-password"
              value={password}
              onChange={({ currentTarget }) => setPassword(currentTarget.value)}
              visibilityToggleButtonProps={{ 'aria-label': t('login.show') }}
              autoFocus
              required
            />
            <Button type="submit" size="md" fullWidth loading={isBusy}>
              {t('login.do')}
            </Button>
            <p className={classes.hint}>{t('login.linkToo')}</p>
          </>
        ) : (
          <p className={classes.hint}>{t('login.link')}</p>
        )}
      </form>
    </main>
  );
}
