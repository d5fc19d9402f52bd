/** The pages in the order of a repair's life; the number is the key that leads there. */
import type { ComponentType } from 'react';
import { AnalysisPage } from '../analysis/analysis-page.js';
import { BudgetPage } from '../budget/budget-page.js';
import { MistakesPage } from '../mistakes/mistakes-page.js';
import { ReleasesPage } from '../releases/releases-page.js';
import { RepairPage } from '../repair/repair-page.js';
import { ReviewPage } from '../review/review-page.js';

export interface StudioPage {
  readonly path: string;
  readonly title: string;
  readonly Page: ComponentType;
}

export const pages: readonly StudioPage[] = [
  { path: '/mistakes', title: 'Mistakes', Page: MistakesPage },
  { path: '/repair', title: 'Repair', Page: RepairPage },
  { path: '/review', title: 'Review', Page: ReviewPage },
  { path: '/releases', title: 'Releases', Page: ReleasesPage },
  { path: '/budget', title: 'Budget', Page: BudgetPage },
  { path: '/analysis', title: 'Analysis', Page: AnalysisPage },
];
