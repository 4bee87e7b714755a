import { MantineProvider } from '@mantine/core';
import { QueryClient, QueryClientProvider, useQuery } from '@tanstack/react-query';
import { useEffect } from 'react';
import { late } from '@/components/ui/late';
import { LiveRegion, Notices } from '@/components/ui/notices';
import { getAccount } from '@/features/account/api/account';
import { useConnection } from '@/features/session/connection';
import { I18nProvider } from '@/lib/i18n/I18n';
import { ApiProblem } from '@/lib/problem';
import { useColorScheme } from './colorScheme';
import { useRoute } from './route';
import { Shell } from './Shell';
import { theme } from './theme';
import { Unreachable } from './Unreachable';

const LoginPage = late(async () => (await import('@/features/account/components/LoginPage')).LoginPage);

const client = new QueryClient({
  defaultOptions: {
    queries: {
      // The daemon may be on this machine: it is asked without a network too.
      networkMode: 'always',
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      retry: (failures, error) => failures < 2 && !(error instanceof ApiProblem && error.status < 500),
    },
    mutations: { networkMode: 'always' },
  },
});

export function App() {
  const scheme = useColorScheme();
  return (
    // Its variables and classes come from files (theme.css): it makes no style element, so the content security policy needs no exception.
    <MantineProvider theme={theme} forceColorScheme={scheme} withCssVariables={false} withGlobalClasses={false}>
      <I18nProvider>
        <QueryClientProvider client={client}>
          <Entrance />
          <Notices />
          <LiveRegion />
        </QueryClientProvider>
      </I18nProvider>
    </MantineProvider>
  );
}

/** Lets in who is logged in, and shows the others the login. */
function Entrance() {
  const route = useRoute();
  const connection = useConnection();
  const account = useQuery({ queryKey: ['account'], queryFn: getAccount, staleTime: Number.POSITIVE_INFINITY });
  const { refetch } = account;
  // The stream was refused: the login ended, elsewhere or by time.
  useEffect(() => {
    if (connection === 'unauthorized') void refetch();
  }, [connection, refetch]);

  if (account.isPending) return null;
  if (!account.data) return <Unreachable error={account.error} onRetry={() => void refetch()} />;
  const token = route.page === 'login' ? route.token : new URLSearchParams(location.search).get('token');
  if (!account.data.isLoggedIn || (token !== null && route.page === 'login'))
    return <LoginPage token={token} hasPassword={account.data.hasPassword} />;
  return <Shell version={account.data.version} />;
}
