/** Is it what amqplib tells calls that were under way, or come later? Whose fault the end was, they do not learn from it. */
export function isEnd(error: unknown): boolean {
  const { name, message } = error as Partial<Error>;
  return name === 'IllegalOperationError' || /^Channel (?:ended|clos)/.test(message ?? '');
}
