/** How the server is set up. */
import type { Role } from '../api/serving.js';

/** Who may do what. */
export interface TokenHolder {
  /** As the journal names them. */
  readonly name: string;
  readonly role: Role;
  /** SHA-256 of the token, in hexadecimal digits. */
  readonly sha256: string;
}

export interface ServeOptions {
  /** The store's folder. */
  readonly store: string;
  /** In addresses: letters, digits, dots, dashes. */
  readonly model: string;
  readonly host?: string | undefined;
  /** 0: any that is free. */
  readonly port?: number | undefined;
  readonly tokens?: readonly TokenHolder[] | undefined;
  readonly device?: string | undefined;
  /**
   * Threads for predictions; default: as many as libtorch has in this process. Set OMP_NUM_THREADS to half of the cores before
   * libtorch is loaded: OpenBLAS reads it then, and jobs compute beside.
   */
  readonly threads?: number | undefined;
  /** Most pictures of several requests in one run; default 32. */
  readonly maxBatch?: number | undefined;
  /** Each picture by itself: the same bits whatever it is asked together with. */
  readonly exact?: boolean | undefined;
  readonly limits?: Partial<Limits> | undefined;
  readonly dataDir?: string | undefined;
  /** A folder with runs that repairs can be moved to, each by its name; left out: none. */
  readonly runs?: string | undefined;
  /** Photographs whose answers are kept, where the store was made with them. */
  readonly control?: string | undefined;
  /** Of the log: pino's. */
  readonly logLevel?: string | undefined;
  /** A folder with a built page, served at / where it is there; default: this package's own. */
  readonly page?: string | undefined;
}

export interface Limits {
  /** Bytes of a request. */
  readonly body: number;
  /** Pixels of a picture's file. */
  readonly pixels: number;
  /** Pictures of one request. */
  readonly pictures: number;
  /** Pictures that wait for a run. */
  readonly waiting: number;
  /** Milliseconds that a lone picture may keep everything else waiting: so quick a network answers it without another thread. 0: none. */
  readonly block: number;
  /** Requests at once. */
  readonly requests: number;
  /** Open event streams. */
  readonly streams: number;
}

export const usualLimits: Limits = {
  body: 32 * 2 ** 20,
  pixels: 25_000_000,
  pictures: 512,
  waiting: 4096,
  block: 5,
  requests: 1000,
  streams: 100,
};
