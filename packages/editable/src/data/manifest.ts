/** A list of photographs with their labels: CSV with a heading (RFC 4180), or JSON lines; path, label and split. */
import { CsvError, type Info, parse } from 'csv-parse/sync';
import { EditableError } from '../errors.js';
import { readFileBytes } from './read-file.js';

export interface ManifestRow {
  /** As the manifest has it. */
  readonly path: string;
  readonly label: string;
  /** "test" where the manifest does not say. */
  readonly split: string;
  /** Where the row begins, counted from 1, for errors. */
  readonly line: number;
}

/** Reads `path,label,split` rows, or `{"path": …, "label": …, "split": …}` lines where the file is named so. Throws `INVALID_FILE`. */
export function readManifest(file: string): ManifestRow[] {
  // The parser counts \r\n in quotes as two lines.
  const text = Buffer.from(readFileBytes(file, { maxBytes: 2 ** 28 }))
    .toString('utf8')
    .replaceAll('\r\n', '\n');
  return file.endsWith('.csv') ? csvRows(text, file) : jsonRows(text, file);
}

interface Record {
  readonly fields: readonly string[];
  readonly line: number;
}

function csvRows(text: string, file: string): ManifestRow[] {
  const [heading = { fields: [], line: 1 }, ...records] = csvRecords(text, file);
  const columns = heading.fields.map((name) => name.trim().toLowerCase());
  if (!columns.includes('path') || !columns.includes('label')) {
    throw new EditableError(
      'INVALID_FILE',
      `${file}, line ${heading.line}: expected the heading path,label,split, received "${heading.fields.join().replace(/\s+/g, ' ').slice(0, 80)}".`,
    );
  }
  return records.map(({ fields, line }) =>
    rowOf(Object.fromEntries(columns.map((name, i) => [name, fields[i]])), file, line),
  );
}

/** Lines that hold nothing are no records. */
function csvRecords(text: string, file: string): Record[] {
  try {
    const records = parse(text, { bom: true, info: true, relax_column_count: true, skip_empty_lines: true });
    return (records as unknown as readonly { readonly info: Info; readonly record: readonly string[] }[]).flatMap(
      ({ info, record }) => {
        if (record.every((field) => field.trim() === '')) return [];
        // The parser counts to the record's last line.
        const breaks = record.join('').split('\n').length - 1;
        return [{ fields: record, line: info.lines - breaks }];
      },
    );
  } catch (cause) {
    if (!(cause instanceof CsvError)) throw cause;
    throw new EditableError(
      'INVALID_FILE',
      `${file}, line ${String(cause.lines)}: expected CSV with fields that hold a comma, a quote or a line break in quotes; ${problem(cause)}.`,
      { cause },
    );
  }
}

const problem = ({ code, message }: CsvError): string =>
  code === 'CSV_QUOTE_NOT_CLOSED' ? 'a quote is opened here and never closed' : message.replace(/\s+/g, ' ');

const jsonRows = (text: string, file: string): ManifestRow[] =>
  text.split('\n').flatMap((line, at) => (line.trim() === '' ? [] : [rowOf(parsed(line), file, at + 1)]));

function rowOf(value: unknown, file: string, line: number): ManifestRow {
  const { path, label, split = 'test' } = (value ?? {}) as { readonly [name: string]: unknown };
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
