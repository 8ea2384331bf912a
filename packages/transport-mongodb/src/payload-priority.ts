/** The priority that stands in an envelope, from 0 to 9; 0 where there is none. */
export function priorityOf(payload: string): number {
  try {
    const { properties } = JSON.parse(payload) as { readonly properties?: { readonly priority?: unknown } };
    const priority = properties?.priority;
    return typeof priority === 'number' && priority > 0 ? Math.min(9, Math.trunc(priority)) : 0;
  } catch {
    return 0;
  }
}
