import { type CanActivate, createParamDecorator, type ExecutionContext, Injectable } from '@nestjs/common';
import { type FileCaller, FileCallers, type FileRequestHeaders } from '../file-callers.port.js';

/** A request on which the guard has noted who calls. */
interface FileRequest {
  readonly headers: FileRequestHeaders;
  caller?: FileCaller;
}

/** Lets those pass whom {@link FileCallers} knows, and notes on the request what they may do. */
@Injectable()
export class FileCallerGuard implements CanActivate {
  constructor(private readonly callers: FileCallers) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const request = context.switchToHttp().getRequest<FileRequest>();
    request.caller = await this.callers.identify(request.headers, context);
    return true;
  }
}

/** Parameter: what the caller may do, as {@link FileCallerGuard} has noted it. */
export const CurrentFileCaller = createParamDecorator((_data: unknown, context: ExecutionContext) => {
  const { caller } = context.switchToHttp().getRequest<FileRequest>();
  if (caller === undefined) throw new Error('no guard has looked at who calls');
  return caller;
});
