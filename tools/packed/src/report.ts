/** What was checked, line by line, and whether all of it was right. */
export class Report {
  #passed = 0;
  #failed = 0;

  /** `problem` is empty when the check passed. */
  add(subject: string, check: string, problem: string): void {
    const good = problem === '';
    if (good) this.#passed += 1;
    else this.#failed += 1;
    console.log(`${good ? 'ok    ' : 'FAILED'}  ${subject.padEnd(20)}  ${check}`);
    if (!good) console.log(problem.replaceAll(/^/gm, '        '));
  }

  /** Prints the totals. True when something was checked and nothing failed. */
  finish(): boolean {
    console.log(`\npacked: ${this.#passed} checks passed, ${this.#failed} failed`);
    return this.#failed === 0 && this.#passed > 0;
  }
}
