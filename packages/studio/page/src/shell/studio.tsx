/** What every page stands in: what is served, who sits here, the way to each page. */
import { AppShell, Badge, Group, NavLink, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useEffect } from 'react';
import { Link, Navigate, Route, Routes, useLocation, useNavigate } from 'react-router';
import { useLiveUpdates } from '../api/live.js';
import { useStatus } from '../api/queries.js';
import { codeOf } from '../errors.js';
import { Failed } from '../parts/states.js';
import { pages } from './pages.js';
import { PersonMenu } from './person-menu.js';
import { SchemeToggle } from './scheme-toggle.js';
import { ServedLine } from './served-line.js';
import { ShortcutsHelp } from './shortcuts-help.js';
import { TokenForm } from './token-form.js';

export function Studio() {
  useLiveUpdates();
  const navigate = useNavigate();
  const { pathname } = useLocation();
  const status = useStatus();
  useHotkeys(pages.map(({ path }, i) => [String(i + 1), () => navigate(path)]));
  const title = pages.find(({ path }) => pathname.startsWith(path))?.title;
  useEffect(() => {
    document.title = title === undefined ? 'Studio · Editable' : `${title} · Editable`;
  }, [title]);

  if (['UNAUTHORIZED', 'FORBIDDEN'].includes(codeOf(status.error) ?? '')) return <TokenForm />;
  return (
    <AppShell header={{ height: 56 }} navbar={{ width: 190, breakpoint: 'sm' }} padding="lg">
      <AppShell.Header px="md">
        <button type="button" className="skip" onClick={skip}>
          To the content
        </button>
        <Group h="100%" justify="space-between" wrap="nowrap">
          <Group gap="sm" wrap="nowrap">
            <Text fw={700}>Editable</Text>
            <ServedLine />
          </Group>
          <Group gap="xs" wrap="nowrap">
            <ShortcutsHelp />
            <SchemeToggle />
            <PersonMenu />
          </Group>
        </Group>
      </AppShell.Header>
      <AppShell.Navbar p="xs" aria-label="Pages">
        {pages.map(({ path, title }) => (
          <NavLink
            key={path}
            component={Link}
            to={path}
            label={title}
            active={pathname.startsWith(path)}
            aria-current={pathname.startsWith(path) ? 'page' : undefined}
            rightSection={<Waiting path={path} />}
          />
        ))}
      </AppShell.Navbar>
      <AppShell.Main id="content" tabIndex={-1}>
        {status.error === null ? null : <Failed error={status.error} again={status.refetch} />}
        <Routes>
          {pages.map(({ path, Page }) => (
            <Route key={path} path={`${path}/*`} element={<Page />} />
          ))}
          <Route path="*" element={<Navigate to="/mistakes" replace />} />
        </Routes>
      </AppShell.Main>
    </AppShell>
  );
}

/** The hash is the router's: the focus is moved by hand. */
function skip(): void {
  document.getElementById('content')?.focus();
}

/** What waits on a page. */
function Waiting({ path }: { readonly path: string }) {
  const { data } = useStatus();
  if (data === undefined) return null;
  const [number, words] =
    path === '/mistakes'
      ? [data.feedback, 'sent in']
      : path === '/review'
        ? [data.repairs.proposed, 'to review']
        : path === '/releases'
          ? [data.repairs.approved, 'approved, not released']
          : [0, ''];
  if (number === 0) return null;
  return (
    <Badge
      size="sm"
      variant="light"
      circle={number < 10}
      aria-label={`${number} ${words}`}
      title={`${number} ${words}`}
    >
      {number}
    </Badge>
  );
}
