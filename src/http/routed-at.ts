import { Controller, type ExecutionContext, type Type, VERSION_NEUTRAL } from '@nestjs/common';

const ROUTED = new WeakSet<object>();

/**
 * A controller class that answers below `paths` with what `base` declares. Routes, guards, pipes, filters and
 * constructor dependencies are metadata that a subclass inherits, so `base` says them once however often and
 * wherever it is mounted.
 *
 * @param paths one prefix or several; `''` or `'/'` is the root
 * @param base a class with route decorators and without `@Controller` of its own
 */
export function routedAt<T extends object>(paths: string | readonly string[], base: Type<T>): Type<T> {
  const Routed = class extends (base as Type<object>) {} as Type<T>;
  Object.defineProperty(Routed, 'name', { value: base.name });
  // Called, not written as a decorator: a decorated class would get constructor metadata of its own, empty.
  // Neutral: a host's versioning moves and hides none of them.
  Controller({ path: typeof paths === 'string' ? paths : [...paths], version: VERSION_NEUTRAL })(Routed);
  ROUTED.add(Routed);
  return Routed;
}

/** Whether a request goes to one of our routes: for a host's global guards and interceptors that are to leave those alone. */
export function isJobManagerRoute(context: ExecutionContext): boolean {
  return ROUTED.has(context.getClass());
}
