/** From pictures to a proposal: the right answers, how far they carry over, what would change, and why it is asked for. */
import { Button, FileButton, Grid, Group, Paper, Stack, Text, Title } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useMemo, useState } from 'react';
import { Link, useSearchParams } from 'react-router';
import { call } from '../api/call.js';
import { useJob } from '../api/job.js';
import { useStatus } from '../api/queries.js';
import { choiceIn } from '../mistakes/choice.js';
import { JobLine } from '../parts/job-line.js';
import { PageHead } from '../parts/page-head.js';
import { PreviewPanel } from '../parts/preview-panel.js';
import { useSignature } from '../parts/signature.js';
import { Empty, Loading } from '../parts/states.js';
import { plural } from '../words.js';
import { DraftRow } from './draft-row.js';
import { fileDraft, useChosenDrafts } from './drafts.js';
import { MeasuredCurve } from './measured-curve.js';
import { ProposeForm } from './propose-form.js';
import { StrengthField } from './strength-field.js';
import { type Draft, type Strength, wishesOf } from './wish-drafts.js';

/** Rows of pictures before the list scrolls. */
const listHeight = 300;

export function RepairPage() {
  const [search] = useSearchParams();
  const status = useStatus();
  const chosen = useChosenDrafts(useMemo(() => choiceIn(search), [search]));
  const [own, setOwn] = useState<readonly Draft[]>([]);
  const [changes, setChanges] = useState<ReadonlyMap<string, number | null | 'left out'>>(new Map());
  const [strength, setStrength] = useState<Strength>({ views: 0, margin: 0 });
  const preview = useJob('preview', { abandon: true });
  const [previewed, setPreviewed] = useState<{ readonly asked: string; readonly pictures: readonly string[] }>();
  const { may } = useSignature();

  const drafts = [...chosen, ...own].flatMap((draft) => {
    const change = changes.get(draft.key);
    if (change === 'left out') return [];
    return change === undefined ? [draft] : [{ ...draft, target: change }];
  });
  const change = (key: string, to: number | null | 'left out'): void => setChanges(new Map(changes).set(key, to));
  const wishes = wishesOf(drafts, strength);
  const ready = wishes.length > 0 && wishes.length === drafts.length;
  const asked = JSON.stringify(wishes);
  const start = (): void => {
    if (!ready || !may('propose')) return;
    setPreviewed({ asked, pictures: drafts.map(({ address }) => address) });
    void preview.start(() => call('preview', { body: { wishes } }));
  };
  useHotkeys([['p', start]]);
  const add = async (files: File[]): Promise<void> => setOwn([...own, ...(await Promise.all(files.map(fileDraft)))]);
  const upload = (
    <FileButton onChange={add} accept="image/png,image/jpeg,image/webp" multiple>
      {(props) => (
        <Button variant="default" {...props}>
          Add pictures of your own
        </Button>
      )}
    </FileButton>
  );

  if (status.data === undefined) return <Loading what="Asking what is served …" />;
  if (drafts.length === 0)
    return (
      <>
        <PageHead title="Repair">Pick the right answer, see what else would change, propose.</PageHead>
        <Empty
          title="No picture is chosen"
          next={
            <Group>
              <Button component={Link} to="/mistakes">
                To the mistakes
              </Button>
              {upload}
            </Group>
          }
        >
          Choose pictures on the page of mistakes, or add one of your own as PNG, JPEG or WebP.
        </Empty>
      </>
    );
  return (
    <>
      <PageHead title="Repair" actions={upload}>
        {plural(drafts.length, 'picture')}. Pick the right answers, see what else would change, propose. Nothing is
        served before a second person approves it.
      </PageHead>
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 5, lg: 4 }}>
          <Stack>
            <Paper withBorder p="md">
              <Stack gap="sm">
                <Title order={2}>Right answers</Title>
                <Stack
                  gap="sm"
                  mah={listHeight}
                  style={{ overflowY: 'auto' }}
                  tabIndex={0}
                  role="group"
                  aria-label="Pictures"
                >
                  {drafts.map((draft) => (
                    <DraftRow
                      key={draft.key}
                      draft={draft}
                      classes={status.data.classes}
                      pick={(target) => change(draft.key, target)}
                      remove={() => change(draft.key, 'left out')}
                    />
                  ))}
                </Stack>
              </Stack>
            </Paper>
            <Paper withBorder p="md">
              <StrengthField value={strength} onChange={setStrength} />
            </Paper>
            <Button onClick={start} disabled={!ready || !may('propose')} loading={preview.running}>
              Preview (P)
            </Button>
            {ready ? null : <Text size="sm">Pick an answer for every picture first.</Text>}
            {may('propose') ? null : <Text size="sm">Your token may read only: ask for one that may propose.</Text>}
            <MeasuredCurve views={strength.views} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7, lg: 8 }}>
          <Stack>
            <JobLine job={preview} what="Previewing" />
            {preview.preview === null ? (
              preview.running ? null : (
                <Empty title="What else would change?">
                  A preview solves these repairs together with all that are approved, and judges the test images one
                  part after another: its figures narrow as you look. Nothing is kept.
                </Empty>
              )
            ) : (
              <PreviewPanel
                preview={preview.preview}
                stale={previewed?.asked !== asked}
                classes={status.data.classes}
                pictures={previewed?.pictures ?? []}
              />
            )}
            <ProposeForm wishes={ready ? wishes : []} seen={preview.preview !== null && previewed?.asked === asked} />
          </Stack>
        </Grid.Col>
      </Grid>
    </>
  );
}
