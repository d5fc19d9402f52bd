/** Size of a file for people: "1.2 MB". */
import { statSync } from 'node:fs';

export function fileSize(path: string): string {
  const bytes = statSync(path).size;
  return bytes < 1e6 ? `${(bytes / 1e3).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
