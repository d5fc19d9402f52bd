/** A program that uses the network meanwhile: it asks by the Open Inference Protocol, again and again. */

export interface AskedAnswer {
  readonly version: string;
  readonly label: number;
  /** To the bit: JSON has every digit of a number. */
  readonly logits: readonly number[];
}

const pause = 20;

export class RunningClient {
  readonly #url: string;
  readonly #body: string;
  #running: Promise<void> | undefined;
  #stopped = false;
  readonly #failed: string[] = [];
  readonly #versions: string[] = [];

  constructor(address: string, model: string, pixels: Uint8Array) {
    this.#url = `${address}/v2/models/${model}/infer`;
    const input = { name: 'input', datatype: 'UINT8', shape: [1, 1, 28, 28], data: [...pixels] };
    this.#body = JSON.stringify({ inputs: [input] });
  }

  async ask(): Promise<AskedAnswer> {
    const response = await fetch(this.#url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: this.#body,
    });
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    const { model_version: version, outputs } = (await response.json()) as {
      model_version: string;
      outputs: { data: number[] }[];
    };
    const logits = outputs[0]?.data ?? [];
    return { version, label: logits.indexOf(Math.max(...logits)), logits };
  }

  /** Asks from now on. */
  run(): void {
    this.#running ??= this.#go();
  }

  async #go(): Promise<void> {
    while (!this.#stopped) {
      try {
        const { version } = await this.ask();
        if (this.#versions.at(-1) !== version) this.#versions.push(version);
      } catch (error) {
        this.#failed.push((error as Error).message);
      }
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  /** What went wrong, and which releases answered, one after another. */
  async stop(): Promise<{ readonly failed: readonly string[]; readonly versions: readonly string[] }> {
    this.#stopped = true;
    await this.#running;
    return { failed: this.#failed, versions: this.#versions };
  }
}
