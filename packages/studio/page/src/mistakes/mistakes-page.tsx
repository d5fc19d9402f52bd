/** What the network gets wrong: found on the test images, or sent in by the people who use it. */
import { Badge, Button, Group, Tabs, Text } from '@mantine/core';
import { useHotkeys } from '@mantine/hooks';
import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useNavigate } from 'react-router';
import { call } from '../api/call.js';
import { useJob } from '../api/job.js';
import { useFeedback, useMistakes } from '../api/queries.js';
import { codeOf } from '../errors.js';
import { JobLine } from '../parts/job-line.js';
import { PageHead } from '../parts/page-head.js';
import { Empty, Failed, Loading } from '../parts/states.js';
import { count, percent, plural, releaseNamed } from '../words.js';
import { type Choice, noChoice, repairAddress, sizeOf, toggled } from './choice.js';
import { FeedbackGallery } from './feedback-gallery.js';
import { FoundMistakes } from './found-mistakes.js';

const asked = { of: 'active', split: 'test' } as const;

export function MistakesPage() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const found = useMistakes(asked);
  const feedback = useFeedback();
  const search = useJob('mistakes');
  const [choice, setChoice] = useState<Choice>(noChoice);
  const toggle = (of: keyof Choice) => (id: number) => setChoice((before) => toggled(before, of, id));
  const repair = (): void => {
    if (sizeOf(choice) > 0) void navigate(repairAddress(choice));
  };
  useHotkeys([
    ['r', repair],
    ['escape', () => setChoice(noChoice)],
  ]);

  const look = async (): Promise<void> => {
    await search.start(() => call('findMistakes', { body: asked }));
    await client.invalidateQueries({ queryKey: ['mistakes'] });
  };
  const { data } = found;
  const again = (
    <Button variant={data === undefined ? 'filled' : 'default'} onClick={look} loading={search.running}>
      {data === undefined ? 'Look for mistakes' : 'Look again'}
    </Button>
  );

  const list = (suspects: boolean): React.ReactNode => {
    if (data !== undefined)
      return <FoundMistakes found={data} suspects={suspects} chosen={choice.test} toggle={toggle('test')} />;
    if (found.isLoading) return <Loading what="Asking for the mistakes …" />;
    if (search.running) return null;
    if (codeOf(found.error) === 'NOT_FOUND')
      return (
        <Empty title="Nobody has looked yet" next={again}>
          The test images have not been shown to what is served now. It takes some seconds, and predictions go on
          meanwhile.
        </Empty>
      );
    return found.error === null ? null : <Failed error={found.error} again={found.refetch} />;
  };

  const suspects = data?.suspects ?? 0;
  return (
    <>
      <PageHead title="Mistakes" actions={data === undefined ? null : again}>
        {data === undefined
          ? 'Pictures that the network gets wrong, the most confident first.'
          : `${capital(releaseNamed(data.release))} makes ${plural(data.mistakes.length, 'mistake')} on ${count(data.images)} test images (${percent(data.error)}), the most confident first. Choose some, then repair them.`}
      </PageHead>
      <JobLine job={search} what="Looking for mistakes" />
      <Tabs defaultValue="mistakes" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="mistakes" rightSection={<Amount of={(data?.mistakes.length ?? 0) - suspects} />}>
            Mistakes
          </Tabs.Tab>
          <Tabs.Tab value="suspects" rightSection={<Amount of={suspects} />}>
            Suspected label errors
          </Tabs.Tab>
          <Tabs.Tab value="feedback" rightSection={<Amount of={feedback.data?.length ?? 0} />}>
            Sent in
          </Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="mistakes">{list(false)}</Tabs.Panel>
        <Tabs.Panel value="suspects">{list(true)}</Tabs.Panel>
        <Tabs.Panel value="feedback">
          <FeedbackGallery chosen={choice.feedback} toggle={toggle('feedback')} />
        </Tabs.Panel>
      </Tabs>
      {sizeOf(choice) === 0 ? null : (
        <Group className="action-bar" role="region" aria-label="Chosen pictures">
          <Text fw={600}>{plural(sizeOf(choice), 'picture')} chosen</Text>
          <Button onClick={repair}>Repair (R)</Button>
          <Button variant="default" onClick={() => setChoice(noChoice)}>
            Choose none
          </Button>
        </Group>
      )}
    </>
  );
}

const capital = (words: string): string => `${words.charAt(0).toUpperCase()}${words.slice(1)}`;

const Amount = ({ of }: { readonly of: number }) =>
  of === 0 ? null : (
    <Badge size="sm" variant="light">
      {count(of)}
    </Badge>
  );
