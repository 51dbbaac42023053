// The page as a browser gets it: built into the command line; others who serve it hand in their own.
export interface PageFiles {
  readonly html: string;
  readonly signIn: string;
  readonly css: string;
  readonly js: string;
  readonly icon: string;
}

/** JSON of the files, put in its place by the build. */
declare const IRI_LB_PAGE: string | undefined;

/** Throws where it is not built in, as in tests. */
export function builtPage(): PageFiles {
  if (typeof IRI_LB_PAGE === 'undefined') throw new Error('the page is not built in; use dist/iri-lb.mjs');
  return JSON.parse(IRI_LB_PAGE) as PageFiles;
}
