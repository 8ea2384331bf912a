/** The part of the untyped `qlobber` that the tests use. */
declare module 'qlobber' {
  export class Qlobber<T> {
    constructor(options?: { readonly max_wildcard_somes?: number });
    add(topic: string, value: T): this;
    match(topic: string): T[];
  }
}
