/** A chart as files: SVG and PNG to look at, and its specification, which a web page can show. */
import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { type ChartSpec, writeChart } from '@editable/charts';
import { writeFileAtomically } from '@editable/torch';

/** Returns the files. */
export async function writeFigure(spec: ChartSpec, pathWithoutExtension: string): Promise<readonly string[]> {
  mkdirSync(dirname(pathWithoutExtension), { recursive: true });
  const { svg, png } = await writeChart(spec, pathWithoutExtension);
  const json = `${pathWithoutExtension}.vl.json`;
  writeFileAtomically(json, `${JSON.stringify(spec)}\n`);
  return [svg, png, json];
}
