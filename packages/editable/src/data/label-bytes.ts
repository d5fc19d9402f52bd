/** Labels as hashes take them: what was kept under a hash while labels were bytes stays valid. */

/** A byte a label where all of them are below 256, else four, the lowest first. */
export function labelBytes(labels: Int32Array): Uint8Array {
  if (labels.every((label) => label < 256)) return Uint8Array.from(labels);
  const bytes = new DataView(new ArrayBuffer(4 * labels.length));
  labels.forEach((label, i) => {
    bytes.setInt32(4 * i, label, true);
  });
  return new Uint8Array(bytes.buffer);
}
