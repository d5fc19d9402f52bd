/** Loads the package, uses it once, and prints what came of it. */
try {
  const { ones } = await import('@editable/torch');
  console.log(JSON.stringify({ sum: ones([3]).sum().item() }));
} catch (error) {
  const { code, message } = error as { code: string; message: string };
  console.log(JSON.stringify({ code, message }));
}
