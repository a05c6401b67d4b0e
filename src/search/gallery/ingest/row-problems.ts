/** Rows of a file that cannot be read: the first is told in full, the others are counted with their places. */
import { LimnError } from '../../../core/errors.js';

const mostPlaces = 10;

export class RowProblems {
  private first: LimnError | undefined;
  private readonly places: string[] = [];
  private count = 0;

  /** @param place "list.csv line 3" @param label the file, which places begin with */
  constructor(private readonly label: string) {}

  add(problem: LimnError, place: string): void {
    this.count++;
    if (!this.first) this.first = problem;
    else if (this.places.length < mostPlaces) this.places.push(place.replace(`${this.label} `, ''));
  }

  /** Runs a check of a row. @returns whether it was good */
  try(place: string, check: () => void): boolean {
    try {
      check();
      return true;
    } catch (error) {
      if (!LimnError.isInstance(error)) throw error;
      this.add(error, place);
      return false;
    }
  }

  /** @throws LimnError DATA where there were any */
  refuse(): void {
    if (!this.first) return;
    const { code, message, details } = this.first;
    const more = this.count - 1;
    const shown = this.places.join(', ') + (more > this.places.length ? ', ...' : '');
    const rest = more === 0 ? '' : ` ${more} more ${more === 1 ? 'row is' : 'rows are'} wrong: ${shown}.`;
    throw new LimnError(code, message + rest, { details: { ...details, rows: this.count }, cause: this.first });
  }
}
