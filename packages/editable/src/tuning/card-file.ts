/** The card beside its model: card.json in the run's folder. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readFileOrExplain } from '@editable/torch';
import { EditableError } from '../errors.js';
import { saveEditorChoice } from '../runs/run.js';
import { writeJson } from '../runs/run-files.js';
import type { EditabilityCard } from './editability-card.js';

export const cardFile = 'card.json';

/** Writes the card, and its best as the editor that the run is edited with from now on. */
export function saveCard(folder: string, card: EditabilityCard): void {
  writeJson(join(folder, cardFile), card);
  saveEditorChoice(folder, card.best.editor);
}

/** The run's card; null where none was made. @throws EditableError INVALID_RUN where the file is no card */
export function readCard(folder: string): EditabilityCard | null {
  const path = join(folder, cardFile);
  if (!existsSync(path)) return null;
  const card = parsed(new TextDecoder().decode(readFileOrExplain(path)));
  if (card?.version === 1 && card.best && card.samples && Array.isArray(card.entries)) return card as EditabilityCard;
  throw new EditableError('INVALID_RUN', `${path} is not an editability card; remove it or run tune --all again.`);
}

function parsed(text: string): Partial<EditabilityCard> | null {
  try {
    return JSON.parse(text) as Partial<EditabilityCard> | null;
  } catch {
    return null;
  }
}
