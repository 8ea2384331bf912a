import { open, rename, rm } from 'node:fs/promises';

/** Handles a rejection: answers to errors of the operating system with this code, and throws all others on. */
export function on<T>(code: string, answer: T): (error: unknown) => T {
  return (error) => {
    if ((error as { readonly code?: unknown }).code === code) return answer;
    throw error;
  };
}

/** Nobody sees half of the file: it is written as a draft, then renamed. `EEXIST` while somebody else has a draft of it. */
export async function replaceFile(path: string, text: () => string | Promise<string>): Promise<void> {
  const draft = `${path}.draft`;
  await using file = await open(draft, 'wx');
  try {
    await file.writeFile(await text());
    await rename(draft, path);
  } catch (error) {
    await rm(draft, { force: true });
    throw error;
  }
}
