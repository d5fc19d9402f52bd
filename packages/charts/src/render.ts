/** Charts as files: SVG by Vega without a browser, PNG from the same SVG. One specification gives the same bytes each time. */
import { rename, rm, writeFile } from 'node:fs/promises';
import sharp from 'sharp';
import * as vega from 'vega';
import { compile } from 'vega-lite';
import { ChartError } from './errors.js';
import type { ChartSpec } from './specifications/chart-spec.js';
import { textWidth } from './text-width.js';

export interface PngOptions {
  /** Pixels of the picture for one of the chart; 2 is sharp on most screens. */
  readonly scale?: number;
}

/** Exported by Vega but left out of its types. */
const { textMetrics } = vega as unknown as {
  readonly textMetrics: {
    width: (item: { readonly fontSize?: number; readonly fontWeight?: string }, line: unknown) => number;
  };
};

// Without a canvas Vega takes every letter for 0.8 of the font size, and axes and legends stand far apart.
textMetrics.width = ({ fontSize = 11, fontWeight }, line) =>
  textWidth(String(line ?? ''), fontSize, { bold: fontWeight === 'bold' });

/** The chart as one SVG document. @throws ChartError NOT_DRAWN for a specification that is not a chart. */
export function renderSvg(spec: ChartSpec): Promise<string> {
  const drawn = previous.then(() => draw(spec));
  previous = drawn.catch(() => undefined);
  return drawn;
}

/** Vega numbers gradients and clips by counts of the whole process, so charts are drawn one after another. */
let previous: Promise<unknown> = Promise.resolve();

/** The chart for an HTML page of its own: no namespace, and what describes a mark is shown when the pointer rests on it. */
export async function renderInline(spec: ChartSpec): Promise<string> {
  const svg = await renderSvg(spec);
  return svg
    .replace(/ xmlns(:xlink)?="[^"]*"/g, '')
    .replace(/<path aria-label="([^"]*)"([^>]*?)(\/>|><\/path>)/g, '<path aria-label="$1"$2><title>$1</title></path>');
}

async function draw(spec: ChartSpec): Promise<string> {
  try {
    const view = new vega.View(vega.parse(compile(spec).spec), { renderer: 'none', logLevel: vega.Error });
    await view.runAsync();
    vega.resetSVGDefIds();
    const svg = await view.toSVG();
    view.finalize();
    return svg;
  } catch (cause) {
    throw new ChartError('NOT_DRAWN', `renderSvg: the specification cannot be drawn: ${(cause as Error).message}`, {
      cause,
    });
  }
}

/** The chart as a PNG picture on white, `scale` times the size of the SVG. */
export async function renderPng(spec: ChartSpec, options: PngOptions = {}): Promise<Buffer> {
  return pngOf(await renderSvg(spec), options);
}

/** Writes PATH.svg and PATH.png, each beside its place and renamed, and returns their paths. */
export async function writeChart(
  spec: ChartSpec,
  pathWithoutExtension: string,
  options: PngOptions = {},
): Promise<{ readonly svg: string; readonly png: string }> {
  const paths = { svg: `${pathWithoutExtension}.svg`, png: `${pathWithoutExtension}.png` };
  const svg = await renderSvg(spec);
  const png = await pngOf(svg, options);
  await writeWhole(paths.svg, svg);
  await writeWhole(paths.png, png);
  return paths;
}

async function pngOf(svg: string, { scale = 2 }: PngOptions): Promise<Buffer> {
  if (!(scale > 0 && scale <= 10)) {
    throw new ChartError('INVALID_ARGUMENT', `renderPng: expected a scale above 0 and at most 10, received ${scale}.`);
  }
  const { width, height } = sizeOf(svg);
  return sharp(Buffer.from(svg), { density: 72 * scale, limitInputPixels: false })
    .resize(Math.round(width * scale), Math.round(height * scale), { fit: 'fill' })
    .flatten({ background: 'white' })
    .png({ compressionLevel: 9 })
    .toBuffer();
}

function sizeOf(svg: string): { readonly width: number; readonly height: number } {
  const [, width, height] = /<svg[^>]* width="([\d.]+)" height="([\d.]+)"/.exec(svg) ?? [];
  return { width: Number(width), height: Number(height) };
}

async function writeWhole(path: string, contents: string | Buffer): Promise<void> {
  const part = `${path}.${process.pid}.part`;
  try {
    await writeFile(part, contents, { flush: true });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
