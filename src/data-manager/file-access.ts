/** Owner of what is stored by nobody in particular: while `AUTH=none`, everybody. */
export const NOBODY_IN_PARTICULAR = 'anonymous';

/** In an access list: every user. */
export const EVERYBODY = '*';

/** Whose a file is, and who else may read it. */
export interface FileAccess {
  /** Null where a foreign data manager doesn't tell: whoever knows the id may read it then, as far as we are asked. */
  readonly owner: string | null;
  /** Users beside the owner, or {@link EVERYBODY}. */
  readonly acl: readonly string[];
}

/** A file as far as it decides who may do what with it. */
export interface OwnedFile extends FileAccess {
  readonly id: string;
}

export function mayRead({ owner, acl }: FileAccess, user: string): boolean {
  return owner === null || owner === user || acl.includes(user) || acl.includes(EVERYBODY);
}
