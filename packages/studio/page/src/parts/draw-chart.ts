/** Vega in a page that forbids eval: expressions are interpreted. */
import type { ChartSpec } from '@editable/charts/specifications';
import * as vega from 'vega';
import { expressionInterpreter } from 'vega-interpreter';
import { compile } from 'vega-lite';

/** Returns what takes it away again. */
export async function drawInto(container: HTMLElement, spec: ChartSpec): Promise<() => void> {
  const runtime = vega.parse(compile(spec).spec, undefined, { ast: true });
  const view = new vega.View(runtime, {
    container,
    renderer: 'svg',
    hover: true,
    expr: expressionInterpreter,
    logLevel: vega.Error,
  });
  await view.runAsync();
  // The container says in words what the figure shows.
  container.querySelector('svg')?.setAttribute('aria-hidden', 'true');
  return () => {
    view.finalize();
    container.replaceChildren();
  };
}
