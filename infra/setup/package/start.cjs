// Starts the packaged command line. A file of its own, since an old Node stumbles over `import`.
import('../dist/iri-lb.mjs').catch((error) => {
  process.stderr.write(`iri-lb: ${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
});
