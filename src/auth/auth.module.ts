import {
  type CanActivate,
  type DynamicModule,
  Module,
  type ModuleMetadata,
  type Provider,
} from '@nestjs/common';
import { ANONYMOUS, Authenticator } from './auth.port.js';
import { type ApiKey, ApiKeys } from './api-keys.js';
import { type CallerOf, HostCallers, type HostGuard, isGuardClass } from './host-guard.js';
import { type JwtOptions } from './jwt.js';

/** How callers are known: not at all, by keys, or by tokens. */
export type AuthOptions =
  | { readonly kind: 'none' }
  | { readonly kind: 'api-key'; readonly keys: readonly ApiKey[] }
  | ({ readonly kind: 'jwt' } & JwtOptions);

export interface AuthModuleOptions extends Required<Pick<ModuleMetadata, 'imports'>> {
  readonly inject: readonly symbol[];
  readonly useFactory: (...dependencies: never[]) => AuthOptions;
}

const HOST_GUARD = Symbol('HostGuard');

/** Provides the {@link Authenticator}. */
@Module({})
export class AuthModule {
  static register({ imports, inject, useFactory }: AuthModuleOptions): DynamicModule {
    const authenticator = {
      provide: Authenticator,
      inject: [...inject],
      useFactory: (...dependencies: never[]) => authenticatorOf(useFactory(...dependencies)),
    };
    return { module: AuthModule, imports, providers: [authenticator], exports: [Authenticator] };
  }

  /** @param imports what the host's guard has to be given */
  static byHost(imports: NonNullable<ModuleMetadata['imports']>, guard: HostGuard): DynamicModule {
    const made: Provider = isGuardClass(guard)
      ? { provide: HOST_GUARD, useClass: guard }
      : { provide: HOST_GUARD, useValue: guard };
    const authenticator = {
      provide: Authenticator,
      inject: [HOST_GUARD],
      useFactory: (instance: CanActivate | CallerOf) => new HostCallers(instance),
    };
    return { module: AuthModule, imports, providers: [made, authenticator], exports: [Authenticator] };
  }
}

class Nobody extends Authenticator {
  identify(): Promise<typeof ANONYMOUS> {
    return Promise.resolve(ANONYMOUS);
  }
}

async function authenticatorOf(options: AuthOptions): Promise<Authenticator> {
  switch (options.kind) {
    case 'none':
      return new Nobody();
    case 'api-key':
      return new ApiKeys(options.keys);
    case 'jwt':
      // Only where it is wanted: with it comes a library.
      return new (await import('./jwt.js')).JsonWebTokens(options);
  }
}
