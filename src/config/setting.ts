/** One setting: what may be given, in words and as a parser, and what holds where nothing is given. */
export interface Setting<T> {
  /** What is allowed, to go after "it must be". */
  readonly allowed: string;
  /** Holds where the setting is absent or empty. */
  readonly fallback: T;
  /** How a value may be shown in a log or a fault; absent: as it is. */
  readonly redact?: (text: string) => string;
  /** The value that `text` stands for, or undefined where it isn't allowed. */
  parse(text: string): T | undefined;
}

/** Settings of one concern, by their names in camel case. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values that settings describe. What may be absent is optional. */
export type ValuesOf<S extends Settings> = {
  readonly [K in keyof S as undefined extends S[K]['fallback'] ? never : K]: S[K]['fallback'];
} & {
  readonly [K in keyof S as undefined extends S[K]['fallback'] ? K : never]?: Exclude<
    S[K]['fallback'],
    undefined
  >;
};

/** The environment's name of a setting: `dataDir` is `DATA_DIR`. */
export function environmentName(option: string): string {
  return option.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}
