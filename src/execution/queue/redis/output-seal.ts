import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/**
 * Whoever reaches Redis hears what is said there, agents among them that were taken over. So what commands write is sealed between the
 * server that asks and the agent that holds the job: by a key made of the lease's token, which nobody else has.
 */
export class OutputSeal {
  private readonly key: Buffer;

  /** @param token of the lease */
  constructor(token: string) {
    this.key = createHash('sha256').update(`output of ${token}`).digest();
  }

  /** Proves that whoever says `words` knows the token. */
  sign(words: string): string {
    return createHmac('sha256', this.key).update(words).digest('base64');
  }

  isSigned(words: string, signature: string): boolean {
    const [right, given] = [Buffer.from(this.sign(words)), Buffer.from(signature)];
    return right.length === given.length && timingSafeEqual(right, given);
  }

  /** @param about what it is said to; only that can be opened as an answer to it */
  close(content: Buffer, about: string): Buffer {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, iv).setAAD(Buffer.from(about));
    const sealed = Buffer.concat([cipher.update(content), cipher.final()]);
    return Buffer.concat([iv, cipher.getAuthTag(), sealed]);
  }

  /** Undefined where somebody else has closed it, or about something else. */
  open(closed: Buffer, about: string): Buffer | undefined {
    if (closed.length < IV_BYTES + TAG_BYTES) return undefined;
    const decipher = createDecipheriv(CIPHER, this.key, closed.subarray(0, IV_BYTES))
      .setAAD(Buffer.from(about))
      .setAuthTag(closed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
    try {
      return Buffer.concat([decipher.update(closed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
    } catch {
      return undefined;
    }
  }
}

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
