/** A list of photographs with their labels: CSV with a heading, or JSON lines; path, label and split. */
import { EditableError } from '../errors.js';
import { readFileBytes } from './read-file.js';

export interface ManifestRow {
  /** As the manifest has it. */
  readonly path: string;
  readonly label: string;
  /** "test" where the manifest does not say. */
  readonly split: string;
  /** Counted from 1, for errors. */
  readonly line: number;
}

/** Reads `path,label,split` rows, or `{"path": …, "label": …, "split": …}` lines where the file is named so. Throws `INVALID_FILE`. */
export function readManifest(file: string): ManifestRow[] {
  const text = Buffer.from(readFileBytes(file, { maxBytes: 2 ** 28 })).toString('utf8');
  const lines = text.split(/\r?\n/);
  return file.endsWith('.csv') ? csvRows(lines, file) : jsonRows(lines, file);
}

function csvRows([heading = '', ...lines]: readonly string[], file: string): ManifestRow[] {
  const columns = csvFields(heading).map((name) => name.trim().toLowerCase());
  if (!columns.includes('path') || !columns.includes('label')) {
    throw new EditableError(
      'INVALID_FILE',
      `${file}, line 1: expected the heading path,label,split, received "${heading.slice(0, 80)}".`,
    );
  }
  return lines.flatMap((text, at) => {
    if (text.trim() === '') return [];
    const fields = csvFields(text);
    return [rowOf(Object.fromEntries(columns.map((name, i) => [name, fields[i]])), file, at + 2)];
  });
}

/** Fields with commas between; one in quotes may hold commas, and quotes doubled. */
const csvFields = (text: string): string[] =>
  [...text.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, plain]) => quoted?.replaceAll('""', '"') ?? plain ?? '',
  );

const jsonRows = (lines: readonly string[], file: string): ManifestRow[] =>
  lines.flatMap((text, at) => (text.trim() === '' ? [] : [rowOf(parsed(text), file, at + 1)]));

function rowOf(value: unknown, file: string, line: number): ManifestRow {
  const { path, label, split = 'test' } = (value ?? {}) as Record<string, unknown>;
  const hasLabel = (typeof label === 'string' && label !== '') || Number.isInteger(label);
  if (typeof path === 'string' && path !== '' && hasLabel && typeof split === 'string')
    return { path, label: String(label), split: split.trim() || 'test', line };
  throw new EditableError('INVALID_FILE', `${file}, line ${line}: expected a path, a label and a split.`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
