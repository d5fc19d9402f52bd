/** Mistakes, the pictures of everything, and predictions that people send in. */

import { z } from 'zod';
import type { JobDocument } from '../jobs.js';
import { type MistakesOf, type MistakesRequest, mistakesRequestSchema, mistakesSchema } from '../mistakes.js';
import { type FeedbackDocument, type FeedbackRequest, feedbackRequestSchema, feedbackSchema } from '../serving.js';
import { countText } from '../words.js';
import {
  begun,
  created,
  type Enlarged,
  enlarged,
  type IdParams,
  type NumberParams,
  numberParams,
  ok,
  png,
  type Route,
  reading,
  repairParams,
} from './route.js';

export interface MistakesRoutes {
  readonly findMistakes: Route<{ body: MistakesRequest; answer: JobDocument }>;
  readonly mistakes: Route<{ query: MistakesRequest; answer: MistakesOf }>;
  readonly testPicture: Route<{ params: { split: 'test' | 'validation'; index: number }; query: Enlarged }>;
  readonly repairPicture: Route<{ params: IdParams; query: Enlarged }>;
  readonly feedbackPicture: Route<{ params: NumberParams; query: Enlarged }>;
  readonly differencePicture: Route<{ params: NumberParams; query: Enlarged }>;
  readonly feedback: Route<{
    query: { state?: 'open' | 'dismissed' | undefined };
    answer: readonly FeedbackDocument[];
  }>;
  readonly sendFeedback: Route<{ body: FeedbackRequest; answer: FeedbackDocument }>;
  readonly dismissFeedback: Route<{ params: NumberParams; answer: FeedbackDocument }>;
}

export const mistakesRoutes: MistakesRoutes = {
  findMistakes: {
    method: 'POST',
    role: 'read',
    group: 'Mistakes',
    path: '/api/mistakes',
    summary: 'Looks for what a release gets wrong',
    body: mistakesRequestSchema,
    answer: begun,
  },
  mistakes: {
    ...reading,
    group: 'Mistakes',
    path: '/api/mistakes',
    summary: 'The mistakes that were found, the surest first; 404 before they were looked for',
    query: mistakesRequestSchema,
    answer: ok(mistakesSchema),
  },
  testPicture: {
    ...reading,
    group: 'Pictures',
    path: '/api/pictures/:split/:index',
    summary: 'A test or validation image as PNG',
    params: z.object({ split: z.enum(['test', 'validation']), index: countText }),
    query: enlarged,
    answer: png,
  },
  repairPicture: {
    ...reading,
    group: 'Pictures',
    path: '/api/pictures/repairs/:id',
    summary: "A repair's picture as PNG",
    params: repairParams,
    query: enlarged,
    answer: png,
  },
  feedbackPicture: {
    ...reading,
    group: 'Pictures',
    path: '/api/pictures/feedback/:id',
    summary: 'The picture of a prediction that was sent in',
    params: numberParams,
    query: enlarged,
    answer: png,
  },
  differencePicture: {
    ...reading,
    group: 'Pictures',
    path: '/api/pictures/differences/:id',
    summary: 'A picture on which a candidate differed',
    params: numberParams,
    query: enlarged,
    answer: png,
  },
  feedback: {
    ...reading,
    group: 'Feedback',
    path: '/api/feedback',
    summary: 'Predictions that were sent in, the newest first',
    query: z.object({ state: z.enum(['open', 'dismissed']).optional() }),
    answer: ok(z.array(feedbackSchema)),
  },
  sendFeedback: {
    method: 'POST',
    role: 'read',
    group: 'Feedback',
    path: '/api/feedback',
    summary: 'Says that a prediction is wrong',
    body: feedbackRequestSchema,
    answer: created(feedbackSchema),
  },
  dismissFeedback: {
    method: 'DELETE',
    role: 'propose',
    group: 'Feedback',
    path: '/api/feedback/:id',
    summary: 'Puts one aside',
    params: numberParams,
    answer: ok(feedbackSchema),
  },
};
