/** Tensors in files: safetensors read and written, PyTorch checkpoints read, files written whole or not at all. */
export { readFileOrExplain, temporaryBeside, writeFileAtomically } from './atomic-file.js';
export { type CheckpointValue, isCheckpointTensor } from './checkpoint-value.js';
export { parsePytorchCheckpoint, readStateDict } from './pytorch-checkpoint.js';
export {
  encodeSafetensors,
  parseSafetensors,
  readSafetensors,
  type SafetensorsFile,
  writeSafetensors,
} from './safetensors.js';
