/** Tags of YAML 1.1 that a plain scalar can have without saying so. */
export type ImplicitTag = 'bool' | 'float' | 'int' | 'merge' | 'null' | 'str' | 'timestamp' | 'value';

/** PyYAML's expressions, in its order. They differ a little from the specification: `1e3`, `-.5` and `y` are strings. */
const expressions: readonly (readonly [tag: ImplicitTag, expression: RegExp])[] = [
  ['bool', /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/],
  ['float', /^[-+]?\d[\d_]*\.[\d_]*(?:[eE][-+]\d+)?$/],
  ['float', /^\.\d[\d_]*(?:[eE][-+]\d+)?$/],
  ['float', /^[-+]?\d[\d_]*(?::[0-5]?\d)+\.[\d_]*$/],
  ['float', /^(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/],
  ['int', /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][\d_]*|0x[\da-fA-F_]+|[1-9][\d_]*(?::[0-5]?\d)+)$/],
  ['merge', /^<<$/],
  ['null', /^(?:~|null|Null|NULL|)$/],
  ['timestamp', /^\d{4}-\d\d-\d\d$/],
  ['timestamp', /^\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?$/],
  ['value', /^=$/],
];

const firstCharacters = /^(?:[-+.\d~<=yYnNtTfFoO]|$)/;

/** What a plain scalar is, by its text alone. */
export function implicitTag(text: string): ImplicitTag {
  if (!firstCharacters.test(text)) return 'str';
  return expressions.find(([, expression]) => expression.test(text))?.[0] ?? 'str';
}
