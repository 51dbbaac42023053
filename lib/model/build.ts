// Which build this is. What a bundle knows of itself is put in when it is made. Pure.

declare const IRI_LB_BUILD: { readonly version: string; readonly commit: string } | undefined;

/** `commit` is empty where the sources run as they are, or were built outside of a checkout. */
export const BUILD: { readonly version: string; readonly commit: string } =
  typeof IRI_LB_BUILD === 'undefined' ? { version: 'unbuilt', commit: '' } : IRI_LB_BUILD;

/** Version and commit, for people: `0.1.0 c01b03bb7f3b`. */
export const buildText = ({ version, commit }: typeof BUILD = BUILD): string =>
  [version, commit].filter(Boolean).join(' ');
