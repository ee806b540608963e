/** Cuts a stream of text into lines; a long line costs no more than its length. */
export class LineSplitter {
  private pending: string[] = [];

  /** @param onLine gets each whole line without its end */
  constructor(private readonly onLine: (line: string) => void) {}

  push(text: string): void {
    const lines = text.split('\n');
    const last = lines.pop() ?? '';
    for (const line of lines) {
      this.pending.push(line);
      const whole = this.pending.length === 1 ? line : this.pending.join('');
      this.pending = [];
      this.onLine(whole);
    }
    if (last !== '') this.pending.push(last);
  }
}
