/** The keys that lead from the top of a JSON value to a place in it. */
export type JsonPath = readonly (string | number)[];

const plainKey = /^[A-Za-z_$][\w$]*$/;
const longestPath = 120;

/** Prints a path as `$.a[3]["odd key"]`, cut off where it gets too long for a message. */
export function formatPath(path: JsonPath): string {
  let text = '$';
  for (const key of path) {
    if (typeof key === 'number') text += `[${key}]`;
    else text += plainKey.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
    if (text.length > longestPath) return `${text.slice(0, longestPath)}…`;
  }
  return text;
}
