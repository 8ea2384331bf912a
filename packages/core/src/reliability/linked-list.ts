/** What can stand in one {@link LinkedList} at a time. The list sets these; nobody else does. */
export interface Linked<T> {
  previous?: T | undefined;
  next?: T | undefined;
  isLinked?: boolean;
}

/** A list whose members know their place: adding and removing allocate nothing, which a Set does. */
export class LinkedList<T extends Linked<T>> {
  #first: T | undefined;
  #last: T | undefined;

  get first(): T | undefined {
    return this.#first;
  }

  /** Puts it at the end. */
  push(member: T): void {
    member.isLinked = true;
    member.previous = this.#last;
    member.next = undefined;
    if (this.#last) this.#last.next = member;
    else this.#first = member;
    this.#last = member;
  }

  /** Does nothing when it is not in the list. */
  remove(member: T): void {
    if (!member.isLinked) return;
    member.isLinked = false;
    const { previous, next } = member;
    if (previous) previous.next = next;
    else this.#first = next;
    if (next) next.previous = previous;
    else this.#last = previous;
    member.previous = undefined;
    member.next = undefined;
  }

  clear(): void {
    for (const member of this.members()) this.remove(member);
  }

  /** In order of their coming; a copy, so that members may go meanwhile. */
  members(): T[] {
    const members: T[] = [];
    for (let member = this.#first; member; member = member.next) members.push(member);
    return members;
  }
}
