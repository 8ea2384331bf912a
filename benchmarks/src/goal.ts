/** What we want of a contender, compared with another one of the same case. */
export type Goal = { readonly contender: string } & (
  | { readonly perSecond: number }
  | { readonly atLeast: number; readonly timesAsFastAs: string }
  | { readonly atMost: number; readonly timesTheTimeOf: string }
  | { readonly atMost: number; readonly timesTheCpuOf: string }
);
