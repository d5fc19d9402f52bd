/** A chart inside a page: drawn for light and for dark, of which the style sheet shows one. */
import { type ChartSpec, inTheme, renderInline } from '@editable/charts';
import { html, type Markup, verbatim } from './markup.js';

export async function drawn(chart: ChartSpec): Promise<Markup> {
  const inside = async (theme: 'light' | 'dark'): Promise<Markup> =>
    html`<div class="chart on-${theme}">${verbatim(await renderInline(inTheme(chart, theme)))}</div>`;
  return html`${await inside('light')}${await inside('dark')}`;
}
