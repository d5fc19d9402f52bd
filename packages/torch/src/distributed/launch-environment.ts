/** Which process of how many this one is: what launchers of PyTorch's programs put into the environment. */
import { TorchError } from '../errors.js';

export interface PlaceInGroup {
  /** From 0 to worldSize − 1. */
  readonly rank: number;
  readonly worldSize: number;
  /** Among the processes of this machine. */
  readonly localRank: number;
  /** Where the store is kept that the processes find each other by. */
  readonly host: string;
  readonly port: number;
  /** Whether this process keeps the store: rank 0 does, unless the launcher itself keeps it. */
  readonly keepsStore: boolean;
  /** Put before each key of the store; a launcher that starts the processes again gives each attempt its own. */
  readonly prefix: string;
  /** Whose variables they were. */
  readonly launcher: 'torchrun' | 'variables' | 'kubeflow' | 'slurm';
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * The place that RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT name (torchrun, PyTorchJob, Volcano, `editable launch`), or
 * PET_NNODES and the like (Kubeflow Trainer 2), or SLURM_STEP_NUM_TASKS and the like (srun). Nothing where no launcher asks
 * for more than one process.
 *
 * @throws TorchError INVALID_ENVIRONMENT naming the variable that is missing or cannot be used
 */
export function placeInGroup(env: Environment = process.env): PlaceInGroup | undefined {
  const place = fromVariables(env) ?? fromKubeflow(env) ?? fromSlurm(env);
  if (place === undefined || place.worldSize === 1) return undefined;
  if (place.rank < place.worldSize) return place;
  throw invalid(`RANK: expected a number below WORLD_SIZE=${place.worldSize}, received ${place.rank}.`);
}

function fromVariables(env: Environment): PlaceInGroup | undefined {
  if (env.RANK === undefined && env.WORLD_SIZE === undefined) return undefined;
  const worldSize = count(env, 'WORLD_SIZE', 1);
  const rank = count(env, 'RANK', 0);
  if (worldSize === 1) return undefined;
  const agentStore = env.TORCHELASTIC_USE_AGENT_STORE === 'True';
  const attempt = env.TORCHELASTIC_RESTART_COUNT ?? '0';
  return {
    rank,
    worldSize,
    localRank: env.LOCAL_RANK === undefined ? 0 : count(env, 'LOCAL_RANK', 0),
    host: text(env, 'MASTER_ADDR'),
    port: portOf(env, 'MASTER_PORT'),
    keepsStore: rank === 0 && !agentStore,
    prefix: agentStore ? `/worker/attempt_${attempt}` : '',
    launcher: env.TORCHELASTIC_RUN_ID === undefined ? 'variables' : 'torchrun',
  };
}

/** Trainer 2 writes torchrun's own settings; a container with one process needs no torchrun. */
function fromKubeflow(env: Environment): PlaceInGroup | undefined {
  if (env.PET_NNODES === undefined) return undefined;
  const nodes = count(env, 'PET_NNODES', 1);
  const perNode = env.PET_NPROC_PER_NODE === undefined ? 1 : count(env, 'PET_NPROC_PER_NODE', 1);
  if (perNode > 1) {
    throw invalid(
      `PET_NPROC_PER_NODE=${perNode}: one process of it cannot know which one it is. Start it with "editable launch" or "torchrun --no-python", which start all ${perNode}.`,
    );
  }
  if (nodes === 1) return undefined;
  const rank = count(env, 'PET_NODE_RANK', 0);
  return {
    rank,
    worldSize: nodes,
    localRank: 0,
    host: text(env, 'PET_MASTER_ADDR'),
    port: portOf(env, 'PET_MASTER_PORT'),
    keepsStore: rank === 0,
    prefix: '',
    launcher: 'kubeflow',
  };
}

/** Only under srun: the batch script of a job has its job's variables too, but is one process. */
function fromSlurm(env: Environment): PlaceInGroup | undefined {
  if (env.SLURM_STEP_NUM_TASKS === undefined || env.SLURM_PROCID === undefined) return undefined;
  const worldSize = count(env, 'SLURM_STEP_NUM_TASKS', 1);
  if (worldSize === 1) return undefined;
  const rank = count(env, 'SLURM_PROCID', 0);
  return {
    rank,
    worldSize,
    localRank: env.SLURM_LOCALID === undefined ? 0 : count(env, 'SLURM_LOCALID', 0),
    host: env.MASTER_ADDR ?? firstHost(text(env, 'SLURM_STEP_NODELIST')),
    // Two jobs on one machine must not meet: their numbers differ in the last digits.
    port: env.MASTER_PORT === undefined ? 15000 + (count(env, 'SLURM_JOB_ID', 0) % 10_000) : portOf(env, 'MASTER_PORT'),
    keepsStore: rank === 0,
    prefix: '',
    launcher: 'slurm',
  };
}

/** Of Slurm's short form of a list: `gpu[03-05,9],login` begins with gpu03. */
export function firstHost(list: string): string {
  const [, name = '', numbers, rest = ''] = /^([^[,]*)(?:\[([^\]]*)\])?([^,]*)/.exec(list) ?? [];
  const first = numbers?.split(/[,-]/)[0] ?? '';
  return `${name}${first}${rest}`;
}

function text(env: Environment, name: string): string {
  const value = env[name];
  if (value !== undefined && value !== '') return value;
  throw invalid(
    `${name} is missing: a process of a group needs RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT, which torchrun, "editable launch" and cluster managers set.`,
  );
}

function count(env: Environment, name: string, least: number): number {
  const value = text(env, name);
  const number = Number(value);
  if (/^\d+$/.test(value) && Number.isSafeInteger(number) && number >= least) return number;
  throw invalid(`${name}: expected a whole number of at least ${least}, received "${value}".`);
}

function portOf(env: Environment, name: string): number {
  const port = count(env, name, 1);
  if (port < 65_536) return port;
  throw invalid(`${name}: expected a port from 1 to 65535, received "${port}".`);
}

const invalid = (message: string): TorchError => new TorchError('INVALID_ENVIRONMENT', message);
