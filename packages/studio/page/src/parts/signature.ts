/** Who signs a decision: nobody has to say where a token says it. */
import { useName } from '../api/person.js';
import { useStatus } from '../api/queries.js';

export interface Signature {
  /** What requests carry. */
  readonly by: { readonly by?: string };
  /** null: nobody yet. */
  readonly name: string | null;
  /** A name has to be asked for. */
  readonly asked: boolean;
  readonly may: (role: 'propose' | 'approve') => boolean;
}

export function useSignature(): Signature {
  const name = useName();
  const { data } = useStatus();
  const known = data?.you.name ?? null;
  const role = data?.you.role ?? 'read';
  const may: Signature['may'] = (wanted) => role === 'approve' || role === wanted;
  if (known !== null) return { by: {}, name: known, asked: false, may };
  const given = name.trim();
  return { by: given === '' ? {} : { by: given }, name: given === '' ? null : given, asked: true, may };
}
