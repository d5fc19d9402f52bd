/** A figure of packages/charts; Vega is loaded with the first of them. */
import { type ChartSpec, inTheme } from '@editable/charts/specifications';
import { Skeleton, useComputedColorScheme } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';

interface ChartProps {
  readonly spec: ChartSpec;
  /** What it shows, for whoever cannot see it. */
  readonly label: string;
}

export function Chart({ spec, label }: ChartProps) {
  const scheme = useComputedColorScheme('light');
  const place = useRef<HTMLDivElement>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [drawn, setDrawn] = useState(false);
  useEffect(() => {
    let finalize: (() => void) | undefined;
    let left = false;
    const draw = async (): Promise<void> => {
      const { drawInto } = await import('./draw-chart.js');
      if (left || place.current === null) return;
      finalize = await drawInto(place.current, { ...inTheme(spec, scheme), background: 'transparent' });
      if (left) finalize();
      else setDrawn(true);
    };
    draw().catch((error: Error) => setProblem(error.message));
    return () => {
      left = true;
      finalize?.();
    };
  }, [spec, scheme]);
  if (problem !== null) return <p role="alert">This figure cannot be drawn: {problem}</p>;
  return (
    <>
      {drawn ? null : <Skeleton height={220} />}
      <div className="chart" ref={place} role="img" aria-label={label} />
    </>
  );
}
