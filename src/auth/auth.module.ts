import { type DynamicModule, Module, type ModuleMetadata } from '@nestjs/common';
import { ANONYMOUS, Authenticator } from './auth.port.js';
import { type ApiKey, ApiKeys } from './api-keys.js';
import { JsonWebTokens, type JwtOptions } from './jwt.js';

/** How callers are known: not at all, by keys, or by tokens. */
export type AuthOptions =
  | { readonly kind: 'none' }
  | { readonly kind: 'api-key'; readonly keys: readonly ApiKey[] }
  | ({ readonly kind: 'jwt' } & JwtOptions);

export interface AuthModuleOptions extends Required<Pick<ModuleMetadata, 'imports'>> {
  readonly inject: readonly symbol[];
  readonly useFactory: (...dependencies: never[]) => AuthOptions;
}

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
}

class Nobody extends Authenticator {
  identify(): Promise<typeof ANONYMOUS> {
    return Promise.resolve(ANONYMOUS);
  }
}

function authenticatorOf(options: AuthOptions): Authenticator {
  switch (options.kind) {
    case 'none':
      return new Nobody();
    case 'api-key':
      return new ApiKeys(options.keys);
    case 'jwt':
      return new JsonWebTokens(options);
  }
}
