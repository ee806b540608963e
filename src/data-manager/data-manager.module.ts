import {
  type DynamicModule,
  type InjectionToken,
  Module,
  type ModuleMetadata,
  type OptionalFactoryDependency,
  type Provider,
  type Type,
} from '@nestjs/common';
import { routedAt } from '../http/routed-at.js';
import { undocumented } from '../http/undocumented.js';
import { DATA_MANAGER_OPTIONS, type DataManagerOptions } from './data-manager.options.js';
import { FileStore } from './file-store.js';
import { HttpFileStore } from './http/http-file-store.js';
import { LocalFileStore } from './local/local-file-store.js';
import { Sweeper } from './local/sweeper.js';
import { FilesController } from './server/files.controller.js';

/** Where the `/files` API is served. */
export interface DataManagerServing {
  /** Prefixes, such as `['', 'v1']`; absent or empty: it isn't served. Where it is, `imports` must provide `FileCallers`. */
  readonly serveAt?: readonly string[];
}

export interface DataManagerAsyncOptions extends DataManagerServing, Pick<ModuleMetadata, 'imports'> {
  readonly inject?: (InjectionToken | OptionalFactoryDependency)[];
  readonly useFactory: (...dependencies: never[]) => DataManagerOptions | Promise<DataManagerOptions>;
}

/** Provides {@link FileStore}: the built-in one, or a client of another data manager. */
@Module({})
export class DataManagerModule {
  /** Where a `url` comes, the routes that are mounted answer 404. */
  static registerAsync({ serveAt, imports, inject, useFactory }: DataManagerAsyncOptions): DynamicModule {
    const options: Provider = { provide: DATA_MANAGER_OPTIONS, inject: inject ?? [], useFactory };
    return { ...assemble(options, serveAt), imports: imports ?? [] };
  }
}

function assemble(options: Provider, serveAt: readonly string[] = []): DynamicModule {
  return {
    module: DataManagerModule,
    controllers: serveAt.map(controllerAt),
    providers: [options, ...providers],
    exports: [FileStore],
  };
}

/** The first shows in the documentation. */
function controllerAt(path: string, index: number): Type<object> {
  const controller = routedAt<object>(path, FilesController);
  return index === 0 ? controller : undocumented(controller);
}

const providers: Provider[] = [
  { provide: LocalFileStore, inject: [DATA_MANAGER_OPTIONS], useFactory: localStore },
  { provide: FileStore, inject: [DATA_MANAGER_OPTIONS, LocalFileStore], useFactory: fileStore },
  {
    provide: Sweeper,
    inject: [DATA_MANAGER_OPTIONS, LocalFileStore],
    useFactory: ({ sweepEveryMs }: DataManagerOptions, store: LocalFileStore | null) =>
      new Sweeper(store, sweepEveryMs),
  },
];

/** Null where the files live elsewhere. */
async function localStore(options: DataManagerOptions): Promise<LocalFileStore | null> {
  if (options.url !== undefined) return null;
  const { directory, maxBytesPerOwner, uploadTtlSeconds } = options;
  const store = new LocalFileStore(directory, { maxBytesPerOwner, uploadTtlSeconds });
  await store.prepare();
  return store;
}

function fileStore({ url, ...options }: DataManagerOptions, local: LocalFileStore | null): FileStore {
  if (local !== null) return local;
  if (url === undefined) throw new Error('neither a directory nor a url of a data manager');
  return new HttpFileStore({ ...options, baseUrl: url });
}
