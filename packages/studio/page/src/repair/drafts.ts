/** What was chosen as drafts, each with the answer that is known to be right. */
import { useMemo } from 'react';
import { useDifferences, useFeedback, useMistakes } from '../api/queries.js';
import type { Choice } from '../mistakes/choice.js';
import { differencePictureAt, feedbackPictureAt, testPictureAt } from '../parts/picture-address.js';
import type { Draft } from './wish-drafts.js';

export function useChosenDrafts({ test, feedback, difference }: Choice): readonly Draft[] {
  const found = useMistakes({ of: 'active', split: 'test' }).data;
  const sent = useFeedback().data;
  const differing = useDifferences().data;
  return useMemo(() => {
    const mistakes = new Map(found?.mistakes.map((each) => [each.index, each]));
    const ofTest = test.map((index): Draft => {
      const mistake = mistakes.get(index);
      return {
        key: `test-${index}`,
        input: { index },
        address: testPictureAt(index),
        source: `test image ${index}${mistake === undefined ? '' : `, says ${mistake.predicted.name}`}`,
        target: mistake?.truth.label ?? null,
        suspect: mistake?.suspect ?? false,
      };
    });
    const ofFeedback = feedback.map((id): Draft => {
      const each = sent?.find((one) => one.id === id);
      return {
        key: `feedback-${id}`,
        input: { feedback: id },
        address: feedbackPictureAt(id),
        source: `sent in${each === undefined ? '' : ` by ${each.by}, says ${each.predicted.name}`}`,
        target: each?.expected?.label ?? null,
        suspect: false,
      };
    });
    const ofDifferences = difference.map((id): Draft => {
      const each = differing?.find((one) => one.id === id);
      return {
        key: `difference-${id}`,
        input: { difference: id },
        address: differencePictureAt(id),
        source: `request ${each?.request ?? id}`,
        target: null,
        suspect: false,
      };
    });
    return [...ofTest, ...ofFeedback, ...ofDifferences];
  }, [test, feedback, difference, found, sent, differing]);
}

/** A picture file of one's own. */
export async function fileDraft(file: File): Promise<Draft> {
  const address = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(reader.result as string);
    reader.onerror = () => reject(reader.error as DOMException);
    reader.readAsDataURL(file);
  });
  return {
    key: `file-${file.name}-${file.size}-${file.lastModified}`,
    input: { image: address.slice(address.indexOf(',') + 1), name: file.name },
    address,
    source: file.name,
    target: null,
    suspect: false,
  };
}
