import { ApiProperty } from '@nestjs/swagger';
import { type StoredFile } from '../local/stored-file.js';

/** The latest instant that a `Date` can hold, in milliseconds since the epoch. */
const LATEST_DATE = 8_640_000_000_000_000n;

/** The ids, names and sums of all examples are those of one file. */
export const EXAMPLE_ID = '0190a6e0-5b5e-7c3a-9d5f-2f1e8f6f7a10';
export const EXAMPLE_SHA256 = 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9';

/** A stored file, as an upload is answered. */
export class FileDto {
  @ApiProperty({ format: 'uuid', example: EXAMPLE_ID })
  readonly id: string;

  @ApiProperty({ description: 'As the uploader named it', example: 'hello.txt' })
  readonly name: string;

  @ApiProperty({ description: 'Bytes', type: 'integer', minimum: 0, example: 11 })
  readonly size: number;

  @ApiProperty({
    description: 'Of the content, lower-case hex',
    pattern: '^[0-9a-f]{64}$',
    example: EXAMPLE_SHA256,
  })
  readonly sha256: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-31T12:00:00.000Z' })
  readonly created_at: string;

  constructor(file: StoredFile) {
    this.id = file.id;
    this.name = file.name;
    this.size = file.size;
    this.sha256 = file.sha256;
    this.created_at = file.createdAt.toISOString();
  }
}

/** All that is known of a stored file. */
export class FileInfoDto extends FileDto {
  @ApiProperty({
    description: 'When the file goes by itself; null: never, or later than a date can say',
    type: String,
    format: 'date-time',
    nullable: true,
    example: null,
  })
  readonly expires_at: string | null;

  @ApiProperty({ type: [String], example: ['dataset'] })
  readonly tags: readonly string[];

  @ApiProperty({ description: 'Whose it is', example: 'alice' })
  readonly owner: string;

  @ApiProperty({ type: [String], description: 'Users who may read it too; `*`: all', example: ['bob'] })
  readonly acl: readonly string[];

  constructor(file: StoredFile) {
    super(file);
    const { expiresAt } = file;
    const isDate = expiresAt !== null && expiresAt <= LATEST_DATE;
    this.expires_at = isDate ? new Date(Number(expiresAt)).toISOString() : null;
    this.tags = file.tags;
    this.owner = file.owner;
    this.acl = file.acl;
  }
}

/** What was deleted. */
export class DeletedFileDto {
  @ApiProperty({ format: 'uuid', example: EXAMPLE_ID })
  readonly id: string;

  constructor(id: string) {
    this.id = id;
  }
}

/** Who may read a file beside its owner. */
export class FileAclDto {
  @ApiProperty({ format: 'uuid', example: EXAMPLE_ID })
  readonly id: string;

  @ApiProperty({ type: [String], example: ['bob'] })
  readonly acl: readonly string[];

  constructor(id: string, acl: readonly string[]) {
    this.id = id;
    this.acl = acl;
  }
}

/** Every failure. */
export class FileErrorDto {
  @ApiProperty({ example: `The data manager holds no file ${EXAMPLE_ID}` })
  readonly error!: string;
}
