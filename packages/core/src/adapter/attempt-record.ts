import type { Attempt, Mark } from '../attempt/attempt.js';
import type { AuditReader } from './audit-reader.js';

/** What one marker has said, and the attempt that has it. */
export interface Word {
  mark: Mark | 'skip' | undefined;
  attempt?: Attempt;
}

/** The attempts of one request, from the first word of a marker to words that come after the events were made. */
export class AttemptRecord {
  /** What markers have said, in order. */
  readonly words: Word[] = [];
  /** Settles when the attempts are safe; undefined if none was made. */
  stored: Promise<boolean> | undefined;
  private attempts: readonly Attempt[] = [];
  /** The running build of the attempts, which late words wait for. */
  private building: Promise<void> | undefined;
  private readonly endBuilding = (): void => void (this.building = undefined);

  /**
   * Hands the attempts to the auditor.
   *
   * @param attempts what was made of the request
   * @param words the markers that they were made with
   * @param reader how the request is read
   */
  keep(
    attempts: readonly Attempt[] | Promise<readonly Attempt[]>,
    words: readonly Word[],
    { auditor, decide }: AuditReader<unknown>,
  ): void {
    const keep = (made: readonly Attempt[]): readonly Attempt[] => {
      this.attempts = made;
      const marked = words.filter(({ mark }) => mark !== 'skip');
      marked.forEach((word, index) => {
        if (made[index]) word.attempt = made[index];
      });
      return made;
    };
    if (!(attempts instanceof Promise)) {
      this.stored = auditor.record(keep(attempts), decide);
      return;
    }
    const built = attempts.then(keep);
    this.building = built.then(this.endBuilding, this.endBuilding);
    this.stored = auditor.record(built, decide);
  }

  /**
   * Takes a word that was said when the request was over. While the event is not composed the word becomes part of it, else it is an event of its own
   * that names the first.
   *
   * @param word of the marker
   * @param mark what it says
   * @param isNew whether the marker has said nothing before
   * @param reader how the request is read
   * @param otherwise makes an attempt of it if the request had none
   */
  late(word: Word, mark: Mark, isNew: boolean, reader: AuditReader<unknown>, otherwise: () => void): void {
    if (this.building) return void this.building.then(() => this.late(word, mark, isNew, reader, otherwise));
    const [first] = this.attempts;
    if (!first) return otherwise();
    const isFirstWord = isNew && this.words.every(({ attempt }) => attempt === undefined);
    const meant = isFirstWord ? first : word.attempt;
    if (meant && meant.externalId === undefined) {
      meant.mark = mark;
      word.attempt = meant;
      return;
    }
    const added: Attempt = { ...(meant ?? first), mark, externalId: undefined };
    if (meant) added.corrects = meant.externalId;
    else added.number = this.attempts.length + 1;
    this.attempts = [...this.attempts, added];
    word.attempt = added;
    void reader.auditor.record([added], reader.decide);
  }
}
