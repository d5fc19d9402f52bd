export * from './batch-norm2d.js';
export * from './conv2d.js';
export * from './init.js';
export * from './linear.js';
export * from './model.js';
export * from './module.js';
export * from './script-module.js';
export * from './sequential.js';
