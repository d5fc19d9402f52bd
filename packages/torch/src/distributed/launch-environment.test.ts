import { describe, expect, it } from 'vitest';
import { firstHost, placeInGroup } from './launch-environment.js';

const variables = { RANK: '2', WORLD_SIZE: '4', LOCAL_RANK: '0', MASTER_ADDR: 'node-0', MASTER_PORT: '29500' };
const kubeflow = { PET_NNODES: '3', PET_NODE_RANK: '1', PET_MASTER_ADDR: 'job-node-0-0', PET_MASTER_PORT: '29400' };
const slurm = {
  SLURM_STEP_NUM_TASKS: '8',
  SLURM_PROCID: '5',
  SLURM_LOCALID: '1',
  SLURM_STEP_NODELIST: 'gpu[03-05,9]',
  SLURM_JOB_ID: '1234567',
};

describe('placeInGroup', () => {
  it('takes RANK, WORLD_SIZE, MASTER_ADDR and MASTER_PORT; rank 0 keeps the store', () => {
    expect(placeInGroup(variables)).toEqual({
      ...{ rank: 2, worldSize: 4, localRank: 0, host: 'node-0', port: 29500 },
      ...{ keepsStore: false, prefix: '', launcher: 'variables' },
    });
    expect(placeInGroup({ ...variables, RANK: '0' })).toMatchObject({ keepsStore: true });
  });

  it('leaves the store to torchrun where that keeps it, with the prefix of the attempt', () => {
    const elastic = {
      TORCHELASTIC_USE_AGENT_STORE: 'True',
      TORCHELASTIC_RESTART_COUNT: '2',
      TORCHELASTIC_RUN_ID: 'none',
    };
    expect(placeInGroup({ ...variables, RANK: '0', ...elastic })).toMatchObject({
      ...{ keepsStore: false, prefix: '/worker/attempt_2', launcher: 'torchrun' },
    });
  });

  it("takes Kubeflow Trainer's PET_NNODES and Slurm's step", () => {
    expect(placeInGroup(kubeflow)).toMatchObject({ rank: 1, worldSize: 3, host: 'job-node-0-0', port: 29400 });
    expect(placeInGroup(slurm)).toMatchObject({ rank: 5, worldSize: 8, localRank: 1, host: 'gpu03', port: 19_567 });
  });

  it('finds no group for one process, and none in a batch script, which has its job’s variables', () => {
    for (const env of [{}, { MASTER_ADDR: 'x' }, { RANK: '0', WORLD_SIZE: '1' }, { PET_NNODES: '1' }])
      expect(placeInGroup(env)).toBeUndefined();
    expect(placeInGroup({ SLURM_NTASKS: '8', SLURM_PROCID: '0' })).toBeUndefined();
  });

  it.each<readonly [Record<string, string | undefined>, string]>([
    [{ ...variables, WORLD_SIZE: undefined }, 'WORLD_SIZE is missing'],
    [{ ...variables, RANK: '' }, 'RANK is missing'],
    [{ ...variables, MASTER_ADDR: undefined }, 'MASTER_ADDR is missing'],
    [{ ...variables, WORLD_SIZE: '0' }, 'WORLD_SIZE: expected a whole number of at least 1, received "0".'],
    [{ ...variables, RANK: '4' }, 'RANK: expected a number below WORLD_SIZE=4, received 4.'],
    [{ ...variables, RANK: '-1' }, 'RANK: expected a whole number of at least 0, received "-1".'],
    [{ ...variables, MASTER_PORT: '70000' }, 'MASTER_PORT: expected a port from 1 to 65535, received "70000".'],
    [{ ...kubeflow, PET_NPROC_PER_NODE: '4' }, 'PET_NPROC_PER_NODE=4: one process of it cannot know which one it is.'],
    [{ ...kubeflow, PET_NPROC_PER_NODE: 'auto' }, 'PET_NPROC_PER_NODE: expected a whole number'],
  ])('names the variable that is wrong: %j', (env, sentence) => {
    expect(() => placeInGroup(env)).toThrow(sentence);
  });
});

describe('firstHost', () => {
  it.each([
    ['gpu[03-05,9],login', 'gpu03'],
    ['node7', 'node7'],
    ['a1,a2', 'a1'],
    ['rack[1-2]-ib', 'rack1-ib'],
  ])('of %s is %s', (list, host) => expect(firstHost(list)).toBe(host));
});
