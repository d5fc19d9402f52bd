/** What the pages read of the server, each kept until an event says that it changed. */
import type { MistakesRequest, StatusDocument } from '@editable/studio/api';
import { type UseQueryResult, useQuery } from '@tanstack/react-query';
import { codeOf } from '../errors.js';
import { type Answered, type Asked, call, type RouteName } from './call.js';

const wait = Number.POSITIVE_INFINITY;

function useRead<Name extends RouteName>(
  name: Name,
  asked: Asked<Name>,
  { enabled = true }: { readonly enabled?: boolean } = {},
): UseQueryResult<Answered<Name>> {
  return useQuery({
    queryKey: [name, asked],
    queryFn: ({ signal }) => call(name, asked, signal),
    staleTime: wait,
    enabled,
    retry: (failures, error) => codeOf(error) === 'UNREACHABLE' && failures < 2,
  });
}

export const useStatus = (): UseQueryResult<StatusDocument> => useRead('status', {});
export const useRepairs = (): UseQueryResult<Answered<'repairs'>> => useRead('repairs', { query: {} });
export const useReleases = (): UseQueryResult<Answered<'releases'>> => useRead('releases', {});
export const useMistakes = (query: MistakesRequest): UseQueryResult<Answered<'mistakes'>> =>
  useRead('mistakes', { query });
export const useFeedback = (): UseQueryResult<Answered<'feedback'>> =>
  useRead('feedback', { query: { state: 'open' } });
export const useRollout = (): UseQueryResult<Answered<'rollout'>> => useRead('rollout', {});
export const useDifferences = (): UseQueryResult<Answered<'differences'>> =>
  useRead('differences', { query: { limit: 60 } });
export const useLog = (limit: number): UseQueryResult<Answered<'log'>> => useRead('log', { query: { limit } });
export const useBudget = (query: Asked<'budget'>['query']): UseQueryResult<Answered<'budget'>> =>
  useRead('budget', { query });
export const useAnalysis = (): UseQueryResult<Answered<'analysis'>> => useRead('analysis', {});
