/** The table for people. */

const columns = ['', 'ours', 'PyTorch', 'ratio', 'goal', 'tuned PyTorch', 'ratio', 'goal', ''];

export function tableOf({ rows, machine, versions, commit }) {
  const cells = [columns, ...rows.map(cellsOf)];
  const widths = columns.map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  const lines = cells.map((line) =>
    line.map((text, i) => (i === 0 ? text.padEnd(widths[i]) : text.padStart(widths[i]))).join('  '),
  );
  return [
    ...lines.map((line) => line.trimEnd()),
    '',
    `${machine.processor}, ${machine.cores} cores, ${(machine.memory / 2 ** 30).toFixed(0)} GiB; ${machine.device}`,
    `Node ${versions.node}, libtorch ${versions.libtorch} with ${versions.threads} threads; PyTorch ${versions.pytorch} with ` +
      `${versions.pytorchThreads} thread(s) by default, ${versions.pytorchTunedThreads} tuned`,
    `commit ${commit}`,
  ].join('\n');
}

function cellsOf({ title, unit, ours, pytorch, ratio, goal, pytorchTuned, ratioTuned, goalTuned, ok }) {
  const time = (value) =>
    value === null ? '' : unit === 'ms' ? duration(value) : `${value.toFixed(2)} ${unit === 's' ? 's' : '×'}`;
  const number = (value) => (value === null ? '' : value.toFixed(2));
  const bound = (value) => (value === null ? '' : `≤ ${value}`);
  return [
    title,
    time(ours),
    time(pytorch),
    number(ratio),
    bound(goal),
    time(pytorchTuned),
    number(ratioTuned),
    bound(goalTuned),
    ok ? 'met' : 'missed',
  ];
}

function duration(ms) {
  if (ms < 0.1) return `${(ms * 1000).toFixed(2)} µs`;
  return ms < 1000 ? `${ms.toFixed(1)} ms` : `${(ms / 1000).toFixed(2)} s`;
}
