/** A hash, short; the whole of it where the pointer rests. */
import { Text } from '@mantine/core';
import { releaseNamed } from '../words.js';

export const Hash = ({ id }: { readonly id: string | null }) => (
  <Text span ff="monospace" size="sm" title={id ?? 'the network without repairs'}>
    {releaseNamed(id)}
  </Text>
);
