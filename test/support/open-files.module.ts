import { Module } from '@nestjs/common';
import { FileCallers } from '../../src/data-manager/index.js';
import { RateLimit } from '../../src/http/rate-limit.js';
import { OPEN_DOORS } from './open-doors.js';

/** Everybody may all, in nobody's name. */
class Everybody extends FileCallers {
  identify(): ReturnType<FileCallers['identify']> {
    return Promise.resolve({
      ownerOfNew: () => 'anonymous',
      hasQuota: true,
      storesResults: false,
      mayRead: () => true,
      mayChange: () => true,
    });
  }
}

/** A data manager without locks. */
@Module({
  providers: [{ provide: FileCallers, useClass: Everybody }, ...OPEN_DOORS],
  exports: [FileCallers, RateLimit],
})
export class OpenFilesModule {}
