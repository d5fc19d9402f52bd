/** promtool's rules for metrics' names, in its words, so that they are held to where there is no promtool. */

/** "nv_inference_count counter metrics should have "_total" suffix", one for each rule that a metric breaks. */
export function lintMetrics(text: string): readonly string[] {
  return [...text.matchAll(/^# TYPE (\S+) (\w+)$/gm)].flatMap(([, name = '', type = '']) => {
    const isPlain = type !== 'histogram' && type !== 'summary';
    // Only what has samples is looked at, as there is no more to a metric without.
    if (!new RegExp(`^${name}(_bucket|_sum|_count)?[{ ]`, 'm').test(text)) return [];
    const rules: readonly (readonly [boolean, string])[] = [
      [!text.includes(`# HELP ${name} `), 'no help text'],
      [type === 'counter' && !name.endsWith('_total'), 'counter metrics should have "_total" suffix'],
      [type !== 'counter' && name.endsWith('_total'), 'non-counter metrics should not have "_total" suffix'],
      ...['_bucket', '_count', '_sum'].map(
        (suffix) =>
          [
            isPlain && name.endsWith(suffix),
            `non-histogram and non-summary metrics should not have "${suffix}" suffix`,
          ] as const,
      ),
      [/_(s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(_|$)/.test(name), 'metric names should not contain abbreviated units'],
      [/(milli|micro|nano)seconds|(kilo|mega|giga)bytes|minutes|hours/.test(name), 'use base unit'],
      [/[a-z][A-Z]/.test(name), 'metric names should be written in "snake_case" not "camelCase"'],
    ];
    return rules.filter(([broken]) => broken).map(([, rule]) => `${name} ${rule}`);
  });
}
