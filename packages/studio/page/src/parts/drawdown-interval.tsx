/** Drawdown with its 95 % interval on a scale about 0: shorter is surer, to the right is worse. */
import { Text } from '@mantine/core';
import { percentInterval, signedPercent } from '../words.js';

interface DrawdownIntervalProps {
  readonly drawdown: number;
  readonly interval: readonly [low: number, high: number];
}

/** Ends of the scale, in shares: the smallest that holds everything. */
const scales = [0.0025, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1];

export function DrawdownInterval({ drawdown, interval: [low, high] }: DrawdownIntervalProps) {
  const most = Math.max(Math.abs(low), Math.abs(high), Math.abs(drawdown));
  const end = scales.find((each) => each >= most) ?? 1;
  const at = (value: number): number => Math.min(100, Math.max(0, 50 + (50 * value) / end));
  return (
    <div>
      <Text>
        Drawdown <b>{signedPercent(drawdown)}</b>{' '}
        <Text span size="sm" className="dim">
          (95 % interval {percentInterval([low, high])})
        </Text>
      </Text>
      <div className="interval" aria-hidden="true">
        <div className="interval-axis" />
        <div className="interval-zero" style={{ left: '50%' }} />
        <div
          className="interval-band"
          style={{ left: `${at(low)}%`, width: `${Math.max(0.5, at(high) - at(low))}%` }}
        />
        <div className="interval-point" style={{ left: `${at(drawdown)}%` }} />
      </div>
      <div style={{ display: 'flex', justifyContent: 'space-between' }} aria-hidden="true">
        {[-end, 0, end].map((value) => (
          <Text key={value} size="xs" className="dim">
            {value === 0 ? '0' : signedPercent(value)}
          </Text>
        ))}
      </div>
    </div>
  );
}
