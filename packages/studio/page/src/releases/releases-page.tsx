/** What can be served: made, compared, checked, tried beside the active one, activated, rolled back. */
import { Button, Stack, Tabs } from '@mantine/core';
import { Link, Route, Routes } from 'react-router';
import { call } from '../api/call.js';
import { useJob } from '../api/job.js';
import { useReleases, useRepairs, useStatus } from '../api/queries.js';
import { JobLine } from '../parts/job-line.js';
import { PageHead } from '../parts/page-head.js';
import { useSignature } from '../parts/signature.js';
import { Empty, Failed, Loading } from '../parts/states.js';
import { plural, short } from '../words.js';
import { CheckPanel } from './check-panel.js';
import { ComparePage } from './compare-page.js';
import { HistoryList } from './history-list.js';
import { ReleaseTable } from './release-table.js';
import { RolloutPanel } from './rollout-panel.js';

export const ReleasesPage = () => (
  <Routes>
    <Route path="compare/:from/:to" element={<ComparePage />} />
    <Route path="*" element={<ReleaseList />} />
  </Routes>
);

function ReleaseList() {
  const { data, error, refetch } = useReleases();
  const status = useStatus();
  const all = useRepairs().data ?? [];
  const making = useJob('release');
  const check = useJob('check');
  const { by, may, name } = useSignature();
  if (error !== null) return <Failed error={error} again={refetch} />;
  if (data === undefined || status.data === undefined) return <Loading what="Asking for the releases …" />;
  const { unreleased, repairs } = status.data;
  const wanted = all.filter(({ approved, retired }) => approved !== null && retired === null).map(({ id }) => id);
  const ready = data.find((each) => each.state !== 'active' && each.repairs.join() === [...wanted].sort().join());
  const make = async (): Promise<void> => {
    await making.start(() => call('makeRelease', { body: by }));
    await refetch();
  };
  const makeButton = (
    <Button
      onClick={make}
      loading={making.running}
      variant={ready === undefined ? 'filled' : 'default'}
      disabled={!unreleased || !may('propose') || name === null}
      title={name === null ? 'Say who you are first (above, right).' : ''}
    >
      Make a release
    </Button>
  );
  return (
    <>
      <PageHead title="Releases" actions={data.length === 0 ? null : makeButton}>
        {unreleased && ready !== undefined
          ? `${short(ready.id)} holds every approved repair and is not served yet: check it, then activate it.`
          : unreleased
            ? `A release made now would differ from what is served: ${plural(repairs.approved, 'approved repair')} ${repairs.approved === 1 ? 'waits' : 'wait'}.`
            : 'What is served holds every approved repair. Going back to an earlier release is exact to the bit.'}
      </PageHead>
      <JobLine job={making} what="Making a release" />
      {data.length === 0 ? (
        <Empty
          title="No release yet"
          next={
            repairs.approved === 0 ? (
              <Button component={Link} to="/review" variant="default">
                To the review
              </Button>
            ) : (
              makeButton
            )
          }
        >
          A release solves every approved repair from the base and measures what they do together. Making one changes
          nothing that is served.
        </Empty>
      ) : (
        <Stack>
          <RolloutPanel />
          <JobLine job={check} what="Checking" />
          {check.result === null ? null : <CheckPanel report={check.result} close={check.clear} />}
          <Tabs defaultValue="releases">
            <Tabs.List mb="sm">
              <Tabs.Tab value="releases">Releases ({data.length})</Tabs.Tab>
              <Tabs.Tab value="history">History</Tabs.Tab>
            </Tabs.List>
            <Tabs.Panel value="releases">
              <ReleaseTable
                releases={data}
                checking={check.running}
                check={(release) => void check.start(() => call('check', { body: { release, ...by } }))}
              />
            </Tabs.Panel>
            <Tabs.Panel value="history">
              <HistoryList />
            </Tabs.Panel>
          </Tabs>
        </Stack>
      )}
    </>
  );
}
