/** Predictions that people sent in: what they saw, what they say is right. */
import type { FeedbackDocument } from '@editable/studio/api';
import { Button, Code } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { call } from '../api/call.js';
import { useFeedback } from '../api/queries.js';
import { moveInGrid } from '../parts/grid-keys.js';
import { Picture } from '../parts/picture.js';
import { feedbackPictureAt } from '../parts/picture-address.js';
import { Empty, Failed, Loading } from '../parts/states.js';
import { moment } from '../words.js';

interface FeedbackGalleryProps {
  readonly chosen: readonly number[];
  readonly toggle: (id: number) => void;
}

export function FeedbackGallery({ chosen, toggle }: FeedbackGalleryProps) {
  const { data, error, refetch } = useFeedback();
  const dismiss = useMutation({
    mutationFn: (id: number) => call('dismissFeedback', { params: { id } }),
    onSettled: () => refetch(),
  });
  if (error !== null) return <Failed error={error} again={refetch} />;
  if (data === undefined) return <Loading what="Asking for what was sent in …" />;
  if (data.length === 0)
    return (
      <Empty title="Nothing was sent in">
        A program that uses the network tells of a wrong answer with <Code>POST /api/feedback</Code>; it then waits
        here.
      </Empty>
    );
  return (
    <>
      {dismiss.error === null ? null : <Failed error={dismiss.error} />}
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the keys move the focus between its buttons */}
      <div
        className="gallery"
        style={{ gridTemplateColumns: 'repeat(auto-fill, minmax(170px, 1fr))' }}
        onKeyDown={moveInGrid}
      >
        {data.map((each) => (
          <div key={each.id} style={{ display: 'grid', gap: 4, alignContent: 'start', minWidth: 0 }}>
            <SentIn sent={each} chosen={chosen.includes(each.id)} toggle={() => toggle(each.id)} />
            <Button size="compact-xs" variant="subtle" onClick={() => dismiss.mutate(each.id)}>
              Put aside
            </Button>
          </div>
        ))}
      </div>
    </>
  );
}

interface SentInProps {
  readonly sent: FeedbackDocument;
  readonly chosen: boolean;
  readonly toggle: () => void;
}

const SentIn = ({ sent: { id, by, at, predicted, expected, note }, chosen, toggle }: SentInProps) => (
  <button type="button" className="tile" aria-pressed={chosen} onClick={toggle}>
    <Picture address={feedbackPictureAt(id)} alt="what was sent in" />
    <span className="tile-line">
      says <b>{predicted.name}</b>
    </span>
    <span className="tile-line">{expected === null ? 'no answer named' : `should be ${expected.name}`}</span>
    <span className="words">{note}</span>
    <span className="dim">
      {by}, {moment(at)}
    </span>
  </button>
);
