export { DATA_MANAGER_OPTIONS, type DataManagerOptions } from './data-manager.options.js';
export {
  DataManagerModule,
  type DataManagerAsyncOptions,
  type DataManagerServing,
} from './data-manager.module.js';
export { FileCallers } from './file-callers.port.js';
export { FileStore } from './file-store.js';
export {
  type ByteRange,
  type BytesSource,
  type FileInfo,
  type FileSource,
  type OpenFile,
  type PutOptions,
  type StreamSource,
} from './file-store.js';
export { HttpFileStore } from './http/http-file-store.js';
export { type HttpFileStoreOptions, type RetryPolicy } from './http/http-file-store.options.js';
export { type FileMetadata, LocalFileStore } from './local/local-file-store.js';
export { type StoredFile } from './local/stored-file.js';
