/** The examples for clusters: manifests by Kubernetes' own schema, and commands by the command line's own parser. */
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Job } from 'kubernetes-models/batch/v1';
import { type IPodTemplateSpec, PodTemplate } from 'kubernetes-models/v1';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { placeInGroup } from '../../packages/torch/src/distributed/launch-environment.js';

const pathOf = (name: string): string => fileURLToPath(new URL(`../../examples/cluster/${name}`, import.meta.url));
const manifest = (name: string): unknown => parse(readFileSync(pathOf(name), 'utf8'), { merge: true });

const checkPod = (template: unknown): void =>
  new PodTemplate({ metadata: { name: 'pod' }, template: template as IPodTemplateSpec }).validate();

const replicas = z.strictObject({
  replicas: z.number().int().min(1),
  restartPolicy: z.enum(['Always', 'OnFailure', 'Never', 'ExitCode']),
  template: z.looseObject({ spec: z.looseObject({ containers: z.array(z.looseObject({ name: z.string() })) }) }),
});

/** The fields that are used, as the operator's definition of kubeflow.org/v1 has them. */
const pytorchJob = z.strictObject({
  apiVersion: z.literal('kubeflow.org/v1'),
  kind: z.literal('PyTorchJob'),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    runPolicy: z.strictObject({ cleanPodPolicy: z.enum(['All', 'Running', 'None']) }),
    pytorchReplicaSpecs: z.strictObject({ Master: replicas.extend({ replicas: z.literal(1) }), Worker: replicas }),
  }),
});

/** As that of trainer.kubeflow.org/v1alpha1 has them. */
const trainJob = z.strictObject({
  apiVersion: z.literal('trainer.kubeflow.org/v1alpha1'),
  kind: z.literal('TrainJob'),
  metadata: z.strictObject({ name: z.string() }),
  spec: z.strictObject({
    runtimeRef: z.strictObject({ name: z.string() }),
    trainer: z.strictObject({
      image: z.string(),
      numNodes: z.number().int(),
      numProcPerNode: z.number().int(),
      command: z.array(z.string()),
      args: z.array(z.string()),
      env: z.array(z.strictObject({ name: z.string(), value: z.string() })),
      resourcesPerNode: z.looseObject({}),
    }),
  }),
});

describe('examples/cluster', () => {
  it('has an indexed Job that Kubernetes takes, whose pods are the shards of one evaluation', () => {
    const job = new Job(manifest('indexed-job.yaml') as ConstructorParameters<typeof Job>[0]);
    job.validate();
    expect(job.spec?.completionMode).toBe('Indexed');
    const command = job.spec?.template.spec?.containers[0]?.command;
    expect(command?.at(-1)).toBe(`$(JOB_COMPLETION_INDEX)/${job.spec?.completions}`);
  });

  it('has a PyTorchJob whose pods Kubernetes takes, in containers of the name that the operator looks for', () => {
    const { Master, Worker } = pytorchJob.parse(manifest('pytorchjob.yaml')).spec.pytorchReplicaSpecs;
    for (const { template } of [Master, Worker]) {
      checkPod(template);
      expect(template.spec.containers.map(({ name }) => name)).toEqual(['pytorch']);
    }
  });

  it('has a TrainJob whose variables make a group', () => {
    const { trainer } = trainJob.parse(manifest('trainjob.yaml')).spec;
    const { image, command, args, env, resourcesPerNode: resources } = trainer;
    checkPod({ spec: { containers: [{ name: 'node', image, command, args, env, resources }] } });
    const variables = {
      PET_NNODES: String(trainer.numNodes),
      PET_NPROC_PER_NODE: String(trainer.numProcPerNode),
      ...{ PET_NODE_RANK: '3', PET_MASTER_ADDR: 'editable-train-node-0-0', PET_MASTER_PORT: '29400' },
    };
    expect(placeInGroup(variables)).toMatchObject({ rank: 3, worldSize: 4, launcher: 'kubeflow' });
  });

  it.each(['slurm-train.sbatch', 'slurm-evaluate.sbatch'])('has %s, a script without mistakes of syntax', (name) => {
    expect(spawnSync('bash', ['-n', pathOf(name)], { encoding: 'utf8' })).toMatchObject({ status: 0, stderr: '' });
    expect(readFileSync(pathOf(name), 'utf8')).toMatch(/^#!\/bin\/bash\n/);
  });
});
