// `iri-lb --version`: which build this is. Pure.
import { BUILD } from '../model/build.js';

/** `iri-lb 0.1.0 (commit 0123456789ab, Node 22.1.0)`. `node` is `process.version`. */
export function versionText(node: string, { version, commit }: typeof BUILD = BUILD): string {
  const source = commit === '' ? 'no commit known' : `commit ${commit}`;
  return `iri-lb ${version} (${source}, Node ${node.replace(/^v/, '')})`;
}
