/** The gate's report for people, for continuous integration (JUnit) and for a pull request (Markdown). */
import type { CheckCase, CheckReport } from '@editable/workspace';
import { html } from '../html/markup.js';

export function describeCheck({ passed, cases, release, seconds }: CheckReport): string {
  const lines = cases.map((each) => `${each.passed ? '✓' : '✗'} ${each.group}: ${each.name}: ${each.found}`);
  const failed = cases.filter((each) => !each.passed).length;
  const verdict = passed ? 'passed' : `failed in ${failed} of ${cases.length}`;
  return [...lines, `${nameOf(release)}: ${verdict}, ${seconds.toFixed(1)} s`].join('\n');
}

const nameOf = (release: string | null): string => (release === null ? 'the base' : `release ${release.slice(0, 10)}`);

export function junit({ cases, seconds, release }: CheckReport): string {
  const groups = [...new Set(cases.map(({ group }) => group))];
  const suites = groups.map((group) => {
    const own = cases.filter((each) => each.group === group);
    return html`  <testsuite name="${group}" tests="${own.length}" failures="${failures(own)}">
${own.map(testcase)}  </testsuite>
`;
  });
  return html`<testsuites name="editable check ${nameOf(release)}" tests="${cases.length}" failures="${failures(cases)}" time="${seconds.toFixed(3)}">
${suites}</testsuites>
`.text.replace(/^/, '<?xml version="1.0" encoding="UTF-8"?>\n');
}

const failures = (cases: readonly CheckCase[]): number => cases.filter(({ passed }) => !passed).length;

const testcase = ({ group, name, passed, found }: CheckCase): ReturnType<typeof html> =>
  passed
    ? html`    <testcase classname="${group}" name="${name}"><system-out>${found}</system-out></testcase>
`
    : html`    <testcase classname="${group}" name="${name}"><failure message="${found}"/></testcase>
`;

export function markdown({ passed, cases, release, effect }: CheckReport): string {
  const rows = cases.map(
    (each) => `| ${each.passed ? '✅' : '❌'} | ${each.group} | ${cell(each.name)} | ${cell(each.found)} |`,
  );
  const measured =
    effect === null
      ? ''
      : `\nMeasured on ${effect.data.images} images of ${cell(effect.data.name)} that no repair is of.\n`;
  return `## ${passed ? '✅' : '❌'} editable check: ${nameOf(release)}\n\n|  | What | Of | Found |\n| --- | --- | --- | --- |\n${rows.join('\n')}\n${measured}`;
}

/** Names come from people: nothing in them may end the cell or begin markup. */
const cell = (text: string): string =>
  text
    .replace(/[&<>]/g, (each) => `&#${each.codePointAt(0)};`)
    .replace(/[\\|`*_[\]@#]/g, '\\$&')
    .replace(/\s+/g, ' ');
