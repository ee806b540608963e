import { type ModuleRef } from '@nestjs/core';

/** Nest tells it to applications only; a module reaches what it was set on through its container. */
interface Within {
  readonly container: { readonly applicationConfig: { getGlobalPrefix(): string } };
}

/** The host's global prefix, once it has set it; empty where there is none. */
export function globalPrefixOf(module: ModuleRef): string {
  return (module as unknown as Within).container.applicationConfig.getGlobalPrefix();
}
