/**
 * libtorch for Node: tensors, autograd of any order, modules, optimizers, checkpoints.
 *
 * @module @editable/torch
 */
export * from './autocast.js';
export * from './autograd.js';
export * from './checkpoint.js';
export type { Device } from './device.js';
export * from './distributed/index.js';
export * from './dtype.js';
export * from './errors.js';
export * from './functions.generated.js';
export * from './host-tensor.js';
export * as nn from './nn/index.js';
export type { CallOptions, CallResult, Model, ModelStage, NamedTensors } from './nn/model.js';
export { forward, functionalCall, modelOf } from './nn/model.js';
export { encodeScriptModule, loadScriptModule } from './nn/script-module.js';
export type { Functions, MemoryFormat, TensorMethods } from './operators.generated.js';
export { schemas } from './operators.generated.js';
export type { Optimizer } from './optim/index.js';
export * as optim from './optim/index.js';
export * from './runtime.js';
export { keep, openScope, scope } from './scope.js';
export * from './serialization/index.js';
export {
  describeTensor,
  fromHost,
  type NestedNumbers,
  Tensor,
  type TensorOptions,
  tensor,
} from './tensor.js';
export * from './tree.js';
