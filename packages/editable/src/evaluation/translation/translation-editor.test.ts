import { describe, expect, it } from 'vitest';
import { canonicalTranslationChoice, usualTokenOvershoot } from './translation-editor.js';

const choice = { layers: 'decoder.layers', maxSteps: 10 } as const;

describe('canonicalTranslationChoice', () => {
  it("gives the natural editor an overshoot in nats a token, or keeps the choice's own", () => {
    const usual = canonicalTranslationChoice({ name: 'natural', hyperparameters: {}, ...choice });
    expect(usual).toEqual({ name: 'natural', hyperparameters: { overshoot: usualTokenOvershoot }, ...choice });
    expect(canonicalTranslationChoice(usual)).toEqual(usual);
    const own = canonicalTranslationChoice({ name: 'natural', hyperparameters: { overshoot: 1 }, ...choice });
    expect(own.hyperparameters).toEqual({ overshoot: 1 });
  });

  it('leaves the other editors as they are', () => {
    const { hyperparameters } = canonicalTranslationChoice({ name: 'rmsprop', hyperparameters: {}, ...choice });
    expect(Object.keys(hyperparameters)).not.toContain('overshoot');
  });
});
