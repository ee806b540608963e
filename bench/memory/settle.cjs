// Loaded into the service before its own code: lets the benchmark ask for a full collection of garbage.
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  globalThis.gc?.();
});
