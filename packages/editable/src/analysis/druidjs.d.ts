/** The part of DruidJS that is used here; its BSD-licensed releases bring no types. */
declare module '@saehrimnir/druidjs' {
  export class TSNE {
    constructor(
      points: readonly (readonly number[])[],
      parameters: {
        readonly perplexity: number;
        /** Learning rate. */
        readonly epsilon: number;
        readonly d: number;
        readonly seed: number;
      },
    );
    /** One step of gradient descent after another, each with all points. */
    generator(iterations: number): Generator<Float64Array[], Float64Array[], void>;
  }
}
