// `npm pack` in the checkout would ask for dependencies that the bundles have inside.
console.error('npm pack: npm run package makes the package of iri-lb, which needs no dependencies');
process.exit(1);
