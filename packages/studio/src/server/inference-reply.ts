/** An inference's answer: JSON, and binary tensors after it where they were asked for. */
import type { FastifyReply } from 'fastify';
import type { InferResponse } from '../api/inference.js';

export function sendInference(reply: FastifyReply, response: InferResponse, binary: readonly Uint8Array[]): never {
  const json = JSON.stringify(response);
  void reply.header('x-editable-release', response.model_version);
  if (binary.length === 0) return reply.type('application/json').send(json) as never;
  const head = Buffer.from(json);
  void reply.header('inference-header-content-length', String(head.length));
  return reply.type('application/octet-stream').send(Buffer.concat([head, ...binary])) as never;
}
