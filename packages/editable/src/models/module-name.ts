/** Where a tensor's name says it belongs: `layer3.0.bn1` for `layer3.0.bn1.weight`; the empty string for the model itself. */
export const moduleName = (tensor: string): string => tensor.slice(0, Math.max(tensor.lastIndexOf('.'), 0));
