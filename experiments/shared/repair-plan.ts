/** A row plan from a setup of repairs. */
import type { PaperFigures, RowPlan } from './experiment.js';
import { measureRepairs, type RepairRow, type RepairSetup } from './repair-row.js';

export const repairPlan = (
  name: string,
  setup: RepairSetup,
  paper: PaperFigures | null = null,
): RowPlan<RepairRow> => ({
  name,
  setup,
  paper,
  measure: (session) => measureRepairs(session, setup),
});
